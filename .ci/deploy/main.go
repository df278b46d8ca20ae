// Command deploy reads deployment files as those who run them do: Kubernetes
// manifests into their types, refusing unknown and repeated fields, and compose
// files with the library of docker compose.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func main() {
	failed := false
	for _, name := range os.Args[1:] {
		n, err := check(name)
		if err != nil {
			failed = true
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			continue
		}
		fmt.Printf("%s: %d objects\n", name, n)
	}
	if failed || len(os.Args) < 2 {
		os.Exit(1)
	}
}

func check(name string) (int, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	if strings.HasPrefix(filepath.Base(name), "compose") {
		p, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
			WorkingDir: filepath.Dir(name), ConfigFiles: []types.ConfigFile{{Filename: name, Content: b}}, Environment: types.Mapping{},
		})
		if err != nil {
			return 0, err
		}
		return len(p.Services), nil
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{appsv1.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return 0, err
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	docs := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(b)))
	defer docs.Close()
	buf := make([]byte, 1<<20)
	n := 0
	for {
		size, err := docs.Read(buf)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if _, _, err := decoder.Decode(buf[:size], nil, nil); err != nil {
			return n, fmt.Errorf("document %d: %w", n+1, err)
		}
		n++
	}
}
