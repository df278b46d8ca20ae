package apk_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"log"

	"github.com/telltale-apk/telltale/apk"
)

// Entries are what their bytes are, whatever they are called.
func Example() {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for name, content := range map[string]string{"assets/picture.png": "dex\n035\x00 …"} {
		f, err := w.Create(name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprint(f, content)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	a, err := apk.NewBytes(buf.Bytes()) // or apk.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	budget := apk.NewBudget(apk.DefaultLimits())
	for _, e := range a.Entries() {
		kind, err := e.Sniff(budget)
		if err != nil {
			log.Print(err)
		}
		content, err := e.Read(budget)
		if err != nil {
			log.Print(err)
		}
		fmt.Println(e.Name, kind, len(content))
	}
	for _, x := range a.Anomalies() {
		fmt.Println(x)
	}
	// Output: assets/picture.png dex 12
}
