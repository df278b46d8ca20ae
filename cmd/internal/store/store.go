// Package store keeps results in an SQLite database, for those who ask in SQL.
// The tables are documented in schema.sql.
//
// There is one result for each app by content: the digests of its files. An app
// that is there with the same rules and the same version of the program is not
// written again, so that adding a folder to a database costs what is new in it.
// A result by other rules takes the place of the old one.
package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// SchemaSQL documents and makes the tables.
//
//go:embed schema.sql
var SchemaSQL string

// format is the version of the tables, as PRAGMA user_version holds it.
const format = 1

// maxReport is the size of one unpacked result; report.DecodeApp refuses more. A
// database may come from elsewhere.
const maxReport = 64 << 20

// batch is how many apps are written in one transaction: a run that is killed
// loses these at most, and adds them the next time.
const batch = 64

// Store is an open database. It is not safe for concurrent use.
type Store struct {
	db    *sql.DB
	conn  *sql.Conn            // the one that is used
	stmts map[string]*sql.Stmt // prepared on it
	open  int                  // apps in the transaction that is open; -1 if none is
	start event.Start
	name  string
	// Added and Held count apps that were written, and that were there.
	Added, Held int
}

// Open opens a database, or makes one if create is set. A file that is
// something else is left alone.
func Open(name string, create bool) (*Store, error) {
	st, err := os.Stat(name)
	switch {
	case errors.Is(err, os.ErrNotExist) && create:
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular():
		return nil, errors.New("is not a regular file")
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	// A file URI, so that no character of the name means anything.
	slashed := filepath.ToSlash(abs)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed
	}
	mode := "ro"
	if create {
		mode = "rwc"
	}
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: "mode=" + mode + "&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=trusted_schema(0)"}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, name: name, stmts: map[string]*sql.Stmt{}, open: -1}
	if s.conn, err = db.Conn(context.Background()); err == nil {
		err = s.prepare(create)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) prepare(create bool) error {
	var version, tables int
	if err := s.conn.QueryRowContext(context.Background(), "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("is no SQLite database: %w", err)
	}
	if err := s.conn.QueryRowContext(context.Background(), "SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil {
		return err
	}
	switch {
	case version == format:
		return nil
	case version == 0 && tables == 0 && create:
		_, err := s.conn.ExecContext(context.Background(), "BEGIN;"+SchemaSQL+fmt.Sprintf("PRAGMA user_version = %d; COMMIT", format))
		return err
	case version == 0:
		return errors.New("is an SQLite database of something else")
	}
	return fmt.Errorf("has tables of version %d, and this program knows %d: take another file", version, format)
}

// Handle takes a message of a run. The database is a handler of the stream like
// a report.
func (s *Store) Handle(m *event.Message) error {
	switch {
	case m.Start != nil:
		s.start = *m.Start
	case m.App != nil:
		if err := s.Add(m.App); err != nil {
			return fmt.Errorf("database %s: %w", s.name, err)
		}
	}
	return nil
}

// Close ends what is being written and closes the database.
func (s *Store) Close() error {
	err := s.commit()
	for _, st := range s.stmts {
		err = errors.Join(err, st.Close())
	}
	if s.conn != nil {
		err = errors.Join(err, s.conn.Close())
	}
	return errors.Join(err, s.db.Close())
}

func (s *Store) commit() error {
	if s.open < 0 {
		return nil
	}
	s.open = -1
	_, err := s.conn.ExecContext(context.Background(), "COMMIT")
	return err
}

// exec runs a statement, which is prepared once.
func (s *Store) exec(query string, args ...any) (sql.Result, error) {
	st, ok := s.stmts[query]
	if !ok {
		var err error
		if st, err = s.conn.PrepareContext(context.Background(), query); err != nil {
			return nil, err
		}
		s.stmts[query] = st
	}
	return st.Exec(args...)
}

// Content is the digest of all files of an app, "" if it has none that could
// be read.
func Content(a *event.App) string {
	var parts []string
	for _, p := range a.Parts {
		if p.SHA256 != "" {
			parts = append(parts, p.Role+" "+p.Split+" "+p.SHA256)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	slices.Sort(parts)
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:])
}

// Add writes one app, or nothing of it.
func (s *Store) Add(a *event.App) error {
	ctx := context.Background()
	if s.open < 0 {
		if _, err := s.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
			return err
		}
		s.open = 0
	}
	if _, err := s.conn.ExecContext(ctx, "SAVEPOINT app"); err != nil {
		return err
	}
	if err := s.add(a); err != nil {
		_, undo := s.conn.ExecContext(ctx, "ROLLBACK TO app; RELEASE app")
		return errors.Join(err, undo)
	}
	if _, err := s.conn.ExecContext(ctx, "RELEASE app"); err != nil {
		return err
	}
	if s.open++; s.open >= batch {
		return s.commit()
	}
	return nil
}

func (s *Store) add(a *event.App) error {
	content := Content(a)
	if content == "" {
		content = "path:" + a.Path // what could not be opened
	}
	w := &writer{store: s}
	var rules, tool string
	err := s.conn.QueryRowContext(context.Background(), "SELECT id, rules, tool FROM apps WHERE content = ?", content).Scan(&w.app, &rules, &tool)
	switch {
	case err == nil && rules == madeBy(&s.start) && tool == s.start.Tool.Version:
		s.Held++
		w.exec("DELETE FROM verdicts WHERE app = ?", w.app)
	case err == nil:
		w.exec("DELETE FROM apps WHERE id = ?", w.app) // and, by foreign keys, all of it
		fallthrough
	case errors.Is(err, sql.ErrNoRows):
		s.Added++
		if err := w.write(a, content, &s.start); err != nil {
			return err
		}
	default:
		return err
	}
	w.exec("INSERT OR IGNORE INTO paths (app, path) VALUES (?, ?)", w.app, a.Path)
	for i := range a.Verdicts {
		v := &a.Verdicts[i]
		until := ""
		if v.Suppression != nil {
			until = v.Suppression.Expires
		}
		w.exec("INSERT INTO verdicts (app, rule, severity, outcome, kind, thing, whose, message, until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			w.app, v.Rule, v.Severity, v.Outcome, v.Kind, v.ID, v.By, v.Message, until)
	}
	return w.err
}

// madeBy says by which rules results were made, and with what that makes them
// others than they are by themselves.
func madeBy(start *event.Start) string {
	text := start.Signatures.Digest
	if p := start.Signatures.Profiles; p != "" {
		text += " and profiles " + p
	}
	for _, k := range slices.Sorted(maps.Keys(start.Options)) {
		if k != "add-profiles" { // the digest says more
			text += " --" + k + " " + start.Options[k]
		}
	}
	return text
}

// writer writes rows of one app until the first error.
type writer struct {
	store *Store
	app   int64
	err   error
}

func (w *writer) exec(query string, args ...any) sql.Result {
	if w.err != nil {
		return nil
	}
	r, err := w.store.exec(query, args...)
	w.err = err
	return r
}

func (w *writer) write(a *event.App, content string, start *event.Start) error {
	plain := *a
	plain.Verdicts = nil
	text, err := json.Marshal(&plain)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	r := w.exec(`INSERT INTO apps (content, sha256, package, label, version_name, version_code, min_sdk, target_sdk, status, shared_user_id, rules, tool, report)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		content, a.SHA256, a.Package, a.Label, a.VersionName, a.VersionCode, a.MinSDK, a.TargetSDK, string(a.Status), a.SharedUserID,
		madeBy(start), start.Tool.Version, packed.Bytes())
	if w.err != nil {
		return w.err
	}
	if w.app, err = r.LastInsertId(); err != nil {
		return err
	}
	for _, s := range a.Signers {
		w.exec("INSERT INTO signers (app, scheme, sha256, subject) VALUES (?, ?, ?, ?)", w.app, s.Scheme, s.SHA256, s.Subject)
	}
	for _, p := range a.Problems {
		w.exec("INSERT INTO problems (app, part, kind, detail, lossy) VALUES (?, ?, ?, ?, ?)", w.app, p.Part, string(p.Kind), p.Detail, p.Lossy)
	}
	for i := range a.SDKs {
		w.sdk(&a.SDKs[i])
	}
	for i := range a.Endpoints {
		e := &a.Endpoints[i]
		var rec finding.Registration
		if e.RegisteredIn != nil {
			rec = *e.RegisteredIn
		}
		w.exec(`INSERT INTO endpoints (app, value, kind, host, domain, owner, role, noise, cleartext, doubtful, registered_city, registered_country, grade, record, sdk, host_sdk, places)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			w.app, e.Value, e.Kind, e.Host, e.RegistrableDomain, e.Owner, e.Role, e.Noise, e.Cleartext, e.Doubtful,
			rec.City, rec.Country, rec.Grade, rec.Evidence, e.SDK, e.HostSDK, e.Total)
		w.sites("endpoint", e.Value, e.Locations)
	}
	for i := range a.Identifiers {
		x := &a.Identifiers[i]
		w.exec("INSERT INTO identifiers (app, identifier, name, topic, reset, permission, confidence, places) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			w.app, x.ID, x.Name, x.Group, x.Reset, x.Permission, x.Confidence, x.Total)
		w.sites("identifier", x.ID, x.Sites)
	}
	for i := range a.Sinks {
		x := &a.Sinks[i]
		w.exec("INSERT INTO sinks (app, sink, name, topic, places) VALUES (?, ?, ?, ?, ?)", w.app, x.ID, x.Name, x.Group, x.Total)
	}
	for _, p := range a.Permissions {
		w.exec("INSERT INTO permissions (app, name, max_sdk) VALUES (?, ?, ?)", w.app, p.Name, p.MaxSDK)
	}
	for _, c := range a.Exported {
		w.exec("INSERT INTO components (app, kind, class, permission, sdk) VALUES (?, ?, ?, ?, ?)", w.app, c.Kind, c.Class, c.Permission, c.SDK)
	}
	for _, u := range a.Unknown {
		w.exec("INSERT INTO unknown_code (app, package, classes) VALUES (?, ?, ?)", w.app, u.Package, u.Classes)
	}
	for i := range a.DynamicCode {
		d := &a.DynamicCode[i]
		w.exec("INSERT INTO dynamic_code (app, kind, whose, places) VALUES (?, ?, ?, ?)", w.app, d.Kind, whose(&d.Owner), d.Total)
	}
	return w.err
}

func (w *writer) sdk(s *finding.SDK) {
	version := ""
	if s.Version != nil {
		version = s.Version.Value
	}
	w.exec(`INSERT INTO sdks (app, sdk, name, kind, vendor, category, tracker, state, at_startup, confidence, version, classes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		w.app, s.ID, s.Name, s.Kind, s.Vendor, s.Category, s.Tracker, string(s.State), s.AtStartup != nil, s.Confidence, version, s.Classes)
	for _, u := range s.Reads {
		w.exec("INSERT INTO sdk_reads (app, sdk, identifier, places) VALUES (?, ?, ?, ?)", w.app, s.ID, u.ID, u.Count)
	}
	for _, u := range s.Names {
		w.exec("INSERT INTO sdk_hosts (app, sdk, host, places) VALUES (?, ?, ?, ?)", w.app, s.ID, u.ID, u.Count)
	}
	for _, e := range s.Events {
		w.exec("INSERT INTO events (app, sdk, name, keys) VALUES (?, ?, ?, ?)", w.app, s.ID, e.Name, strings.Join(e.Keys, ","))
	}
	for _, k := range s.AppKeys {
		w.exec("INSERT INTO app_keys (app, sdk, name, value) VALUES (?, ?, ?, ?)", w.app, s.ID, k.Name, k.Value)
	}
}

func (w *writer) sites(kind, id string, sites []finding.Site) {
	for i := range sites {
		s := &sites[i]
		var off any
		if s.Offset != nil {
			off = *s.Offset
		}
		w.exec("INSERT INTO sites (app, kind, id, unit, class, method, code_offset, ref, whose) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			w.app, kind, id, s.Unit, s.Class, s.Method, off, s.Ref, whose(&s.Owner))
	}
}

// whose names an owner as policies do.
func whose(o *finding.Owner) string {
	switch o.Kind {
	case "sdk":
		return o.SDK
	case "app":
		return "app"
	case "none":
		return ""
	}
	return o.Name
}

// Rules lists the digests of the rules that made the results, with what else
// they were made by.
func (s *Store) Rules() ([]string, error) {
	rows, err := s.conn.QueryContext(context.Background(), "SELECT DISTINCT rules FROM apps ORDER BY rules")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var r string
		if err := rows.Scan(&r); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// Apps tells every result, by package and path.
func (s *Store) Apps(tell func(*event.App) error) error {
	rows, err := s.conn.QueryContext(context.Background(), `SELECT a.report, min(p.path) FROM apps a LEFT JOIN paths p ON p.app = a.id GROUP BY a.id ORDER BY a.package, min(p.path), a.id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var packed []byte
		var path sql.NullString
		if err := rows.Scan(&packed, &path); err != nil {
			return err
		}
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return fmt.Errorf("the result of %s is damaged: %w", path.String, err)
		}
		text, err := io.ReadAll(io.LimitReader(z, maxReport+1))
		var a *event.App
		if err == nil {
			a, err = report.DecodeApp(text)
		}
		if err != nil {
			return fmt.Errorf("the result of %s is damaged: %w", path.String, err)
		}
		if err := tell(a); err != nil {
			return err
		}
	}
	return rows.Err()
}
