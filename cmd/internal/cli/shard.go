package cli

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

// maxShards bounds N of --shard I/N.
const maxShards = 1 << 20

func shardFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "shard",
		Usage: "look only at part `I/N` of the apps, I from 0 to N-1; /N takes I from JOB_COMPLETION_INDEX (Kubernetes) " +
			"or SLURM_ARRAY_TASK_ID. 'telltale report merge' makes one report of all N",
	}
}

// shard is the part of the apps that a run looks at.
type shard struct{ i, n uint64 }

// shard reads the flag; the zero shard is all apps.
func (e *env) shard(c *cli.Context) (shard, error) {
	text := c.String("shard")
	if text == "" {
		return shard{}, nil
	}
	index, count, ok := strings.Cut(text, "/")
	n, err := strconv.ParseUint(count, 10, 32)
	if !ok || err != nil || n == 0 || n > maxShards {
		return shard{}, usagef("--shard %q: write I/N, such as 0/8 for the first of 8 parts", text)
	}
	first := "0"
	if index == "" {
		switch {
		case e.vars["JOB_COMPLETION_INDEX"] != "":
			index = e.vars["JOB_COMPLETION_INDEX"]
		case e.vars["SLURM_ARRAY_TASK_ID"] != "":
			index = e.vars["SLURM_ARRAY_TASK_ID"]
			if min := e.vars["SLURM_ARRAY_TASK_MIN"]; min != "" {
				first = min
			}
		default:
			return shard{}, usagef("--shard %s: neither JOB_COMPLETION_INDEX nor SLURM_ARRAY_TASK_ID says which part: write I/N", text)
		}
	}
	i, err := strconv.ParseUint(index, 10, 32)
	base, err2 := strconv.ParseUint(first, 10, 32)
	if err != nil || err2 != nil || i < base || i-base >= n {
		return shard{}, usagef("--shard: there is no part %s of %d parts, which are counted from %s", index, n, first)
	}
	return shard{i - base, n}, nil
}

// holds reports whether the app with this path is in the shard. It depends on
// nothing but the path, so that every machine divides alike.
func (s shard) holds(path string) bool {
	if s.n < 2 {
		return true
	}
	sum := sha256.Sum256([]byte(path))
	return binary.BigEndian.Uint64(sum[:])%s.n == s.i
}
