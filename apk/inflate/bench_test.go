package inflate

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	kflate "github.com/klauspost/compress/flate"
)

type benchStream struct {
	src  []byte
	size int
}

// benchStreams returns the deflated DEX entries of the APKs below the folder
// that TELLTALE_TEST_FILES names, else a stream of our own making.
func benchStreams(b *testing.B) (streams []benchStream, total int64) {
	root := os.Getenv("TELLTALE_TEST_FILES")
	if root == "" {
		rng := rand.New(rand.NewPCG(1, 2))
		content := append([]byte(words(rng, 2<<20)), samples()["tables"]...)
		return []benchStream{{deflate(b, content, 6), len(content)}}, int64(len(content))
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".apk") || total > 100<<20 {
			return err
		}
		z, err := zip.OpenReader(path)
		if err != nil {
			return nil
		}
		defer z.Close()
		for _, f := range z.File {
			if f.Method != zip.Deflate || !strings.HasSuffix(f.Name, ".dex") {
				continue
			}
			r, err := f.OpenRaw()
			if err != nil {
				return err
			}
			src, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			streams = append(streams, benchStream{src, int(f.UncompressedSize64)})
			total += int64(f.UncompressedSize64)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return streams, total
}

func run(b *testing.B, inflate func(dst, src []byte) error) {
	streams, total := benchStreams(b)
	most := 0
	for _, s := range streams {
		most = max(most, s.size)
	}
	dst := make([]byte, most)
	b.SetBytes(total)
	for b.Loop() {
		for _, s := range streams {
			if err := inflate(dst[:s.size], s.src); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkInflate(b *testing.B) {
	run(b, func(dst, src []byte) error {
		n, err := Inflate(dst, src)
		if err == nil && n < len(dst) {
			err = io.ErrUnexpectedEOF
		}
		return err
	})
}

func BenchmarkCompressFlate(b *testing.B) {
	r := flate.NewReader(nil)
	run(b, func(dst, src []byte) error {
		if err := r.(flate.Resetter).Reset(bytes.NewReader(src), nil); err != nil {
			return err
		}
		_, err := io.ReadFull(r, dst)
		return err
	})
}

func BenchmarkKlauspost(b *testing.B) {
	r := kflate.NewReader(nil)
	run(b, func(dst, src []byte) error {
		if err := r.(kflate.Resetter).Reset(bytes.NewReader(src), nil); err != nil {
			return err
		}
		_, err := io.ReadFull(r, dst)
		return err
	})
}
