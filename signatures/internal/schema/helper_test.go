package main

import (
	"io/fs"
	"testing/fstest"
)

func oneFile(text string) fs.FS {
	return fstest.MapFS{"a.yaml": &fstest.MapFile{Data: []byte(text)}}
}
