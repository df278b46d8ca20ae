// Package dataset writes results as a Parquet dataset: tables that DuckDB,
// Spark and others read, one folder a table, in parts of about equal size.
//
//	apps         one row an app
//	sdks         one row an app and SDK
//	endpoints    one row an app and endpoint
//	identifiers  one row an app, identifier and reader
//	permissions  one row an app and permission
//	problems     one row an app and problem
//
// Rows of one app have its key: app, which is the path of the result, and sha256.
package dataset

import (
	"context"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"gocloud.dev/blob"

	"github.com/telltale-apk/telltale/cmd/internal/event"
)

// App is a row of the table apps.
type App struct {
	App          string   `parquet:"app"`
	SHA256       string   `parquet:"sha256"`
	Package      string   `parquet:"package,dict"`
	Label        string   `parquet:"label"`
	VersionName  string   `parquet:"version_name"`
	VersionCode  int64    `parquet:"version_code"`
	MinSDK       int32    `parquet:"min_sdk"`
	TargetSDK    int32    `parquet:"target_sdk"`
	Status       string   `parquet:"status,dict"`
	Signers      []string `parquet:"signers,list"` // SHA-256 of certificates, claimed
	Trackers     int32    `parquet:"trackers"`     // trackers that are in it, those that are only referenced aside
	Classes      int64    `parquet:"classes"`
	Instructions int64    `parquet:"instructions"`
}

// SDK is a row of the table sdks.
type SDK struct {
	App        string  `parquet:"app"`
	SHA256     string  `parquet:"sha256"`
	Package    string  `parquet:"package,dict"`
	SDK        string  `parquet:"sdk,dict"`
	Name       string  `parquet:"name,dict"`
	Vendor     string  `parquet:"vendor,dict"`
	Category   string  `parquet:"category,dict"`
	Tracker    bool    `parquet:"tracker"`
	State      string  `parquet:"state,dict"`
	AtStartup  bool    `parquet:"at_startup"`
	Confidence string  `parquet:"confidence,dict"`
	Version    *string `parquet:"version,optional"`
}

// Endpoint is a row of the table endpoints.
type Endpoint struct {
	App      string  `parquet:"app"`
	SHA256   string  `parquet:"sha256"`
	Package  string  `parquet:"package,dict"`
	Value    string  `parquet:"value"`
	Host     string  `parquet:"host,dict"`
	Domain   string  `parquet:"registrable_domain,dict"`
	Owner    string  `parquet:"owner,dict"`
	Noise    string  `parquet:"noise,dict"` // why it is set aside; "" if it is not
	SDK      string  `parquet:"sdk,dict"`
	City     *string `parquet:"registered_city,dict,optional"`
	Country  *string `parquet:"registered_country,dict,optional"`
	Grade    *string `parquet:"registered_grade,dict,optional"`
	Evidence *string `parquet:"registered_evidence,optional"`
}

// Identifier is a row of the table identifiers.
type Identifier struct {
	App        string `parquet:"app"`
	SHA256     string `parquet:"sha256"`
	Package    string `parquet:"package,dict"`
	Identifier string `parquet:"identifier,dict"`
	Reset      string `parquet:"reset,dict"` // how a person can change it
	SDK        string `parquet:"sdk,dict"`   // whose code; "" is the app's own or unknown
	Sites      int32  `parquet:"sites"`
	Permission string `parquet:"permission,dict"`
	// PermissionDeclared is null if none is needed.
	PermissionDeclared *bool `parquet:"permission_declared,optional"`
}

// Permission is a row of the table permissions.
type Permission struct {
	App        string `parquet:"app"`
	SHA256     string `parquet:"sha256"`
	Package    string `parquet:"package,dict"`
	Permission string `parquet:"permission,dict"`
}

// Problem is a row of the table problems.
type Problem struct {
	App    string `parquet:"app"`
	SHA256 string `parquet:"sha256"`
	Part   string `parquet:"part"`
	Kind   string `parquet:"kind,dict"`
	Detail string `parquet:"detail"`
}

// partApps is how many apps go into one part.
const partApps = 50_000

// Writer writes a dataset. It holds the rows of one group in memory.
type Writer struct {
	ctx    context.Context
	cancel context.CancelFunc
	b      *blob.Bucket
	part   int
	n      int
	open   []func() error // ends the part's files

	apps        *parquet.GenericWriter[App]
	sdks        *parquet.GenericWriter[SDK]
	endpoints   *parquet.GenericWriter[Endpoint]
	identifiers *parquet.GenericWriter[Identifier]
	permissions *parquet.GenericWriter[Permission]
	problems    *parquet.GenericWriter[Problem]
}

// New writes into a bucket. Call Close at the end, or Abandon.
func New(ctx context.Context, b *blob.Bucket) *Writer {
	ctx, cancel := context.WithCancel(ctx)
	return &Writer{ctx: ctx, cancel: cancel, b: b}
}

func table[T any](w *Writer, name string) (*parquet.GenericWriter[T], error) {
	key := fmt.Sprintf("%s/part-%05d.parquet", name, w.part)
	out, err := w.b.NewWriter(w.ctx, key, &blob.WriterOptions{ContentType: "application/vnd.apache.parquet"})
	if err != nil {
		return nil, err
	}
	t := parquet.NewGenericWriter[T](struct{ io.Writer }{out}, parquet.Compression(&zstd.Codec{}), parquet.CreatedBy("telltale", event.Schema, ""))
	w.open = append(w.open, func() error {
		if err := t.Close(); err != nil {
			return err
		}
		return out.Close()
	})
	return t, nil
}

func (w *Writer) begin() (err error) {
	if w.apps, err = table[App](w, "apps"); err != nil {
		return err
	}
	if w.sdks, err = table[SDK](w, "sdks"); err != nil {
		return err
	}
	if w.endpoints, err = table[Endpoint](w, "endpoints"); err != nil {
		return err
	}
	if w.identifiers, err = table[Identifier](w, "identifiers"); err != nil {
		return err
	}
	if w.permissions, err = table[Permission](w, "permissions"); err != nil {
		return err
	}
	w.problems, err = table[Problem](w, "problems")
	return err
}

func (w *Writer) end() error {
	for _, f := range w.open {
		if err := f(); err != nil {
			return err
		}
	}
	w.open, w.n = nil, 0
	w.part++
	return nil
}

// Close ends the dataset.
func (w *Writer) Close() error {
	defer w.cancel()
	if w.n == 0 && w.part > 0 {
		return nil
	}
	if w.n == 0 { // tables without rows are still tables
		if err := w.begin(); err != nil {
			return err
		}
	}
	return w.end()
}

// Abandon leaves the part that is not whole unwritten.
func (w *Writer) Abandon() { w.cancel() }

// Add writes an app's rows.
func (w *Writer) Add(a *event.App) error {
	if w.n == 0 {
		if err := w.begin(); err != nil {
			return err
		}
	}
	r := rowsOf(a)
	if _, err := w.apps.Write([]App{r.app}); err != nil {
		return err
	}
	if _, err := w.sdks.Write(r.sdks); err != nil {
		return err
	}
	if _, err := w.endpoints.Write(r.endpoints); err != nil {
		return err
	}
	if _, err := w.identifiers.Write(r.identifiers); err != nil {
		return err
	}
	if _, err := w.permissions.Write(r.permissions); err != nil {
		return err
	}
	if _, err := w.problems.Write(r.problems); err != nil {
		return err
	}
	if w.n++; w.n == partApps {
		return w.end()
	}
	return nil
}
