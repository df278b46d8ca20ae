package queue

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Serve runs a JetStream server in this process, for one machine or a small
// net. It keeps its queues in dir and forces every message to the disk. The
// function it returns ends it.
func Serve(dir, listen string) (url string, stop func(), err error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", nil, fmt.Errorf("%q: use HOST:PORT", listen)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return "", nil, fmt.Errorf("%q: use HOST:PORT", listen)
	}
	if n == 0 {
		n = server.RANDOM_PORT
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "telltale", Host: host, Port: n, NoSigs: true, NoLog: true, DontListen: false,
		JetStream: true, StoreDir: dir, SyncAlways: true, MaxPayload: 1 << 20,
	})
	if err != nil {
		return "", nil, err
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		s.Shutdown()
		return "", nil, errors.New("the queue's server does not come up: is its folder in use, or the port?")
	}
	return s.ClientURL(), func() { s.Shutdown(); s.WaitForShutdown() }, nil
}
