package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// The part of the JUnit XML that CI systems agree on, as the schema of
// Jenkins has it (junit-4.xsd of dtkit).
type (
	junitSuites struct {
		XMLName  xml.Name      `xml:"testsuites"`
		Name     string        `xml:"name,attr"`
		Tests    int           `xml:"tests,attr"`
		Failures int           `xml:"failures,attr"`
		Errors   int           `xml:"errors,attr"`
		Skipped  int           `xml:"-"` // the schema has it for suites only
		Suites   []*junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
		Out      string      `xml:"system-out,omitempty"`

		path     string // of the app
		status   fact.Status
		problems string
		rules    []junitCase // of the policy
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitMessage `xml:"failure"`
		Error   *junitMessage `xml:"error"`
		Skipped *junitMessage `xml:"skipped"`
	}
	junitMessage struct {
		Message string `xml:"message,attr,omitempty"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// junitHandler writes an app as a suite: a case for whether all of it was
// analysed, and one for each rule of the policy, --fail-on among them. In a
// stream without a policy the reasons for the exit code stand in for the rules.
// What was not analysed is an error or a failure, or skipped where
// --allow-incomplete let it pass. Reasons that belong to no app are in a suite
// of the run. It keeps a short record of each app until the summary comes.
type junitHandler struct {
	w      io.Writer
	policy *event.Policy
	suites []*junitSuite
	closed bool
}

func newJUnit(w io.Writer) *junitHandler { return &junitHandler{w: w} }

func (h *junitHandler) Handle(m *event.Message) error {
	switch {
	case m.Start != nil:
		h.policy = m.Start.Policy
	case m.App != nil:
		s := junitApp(m.App)
		s.rules = junitVerdicts(s.Name, m.App, h.policy, s.status == fact.Complete)
		h.suites = append(h.suites, s)
	case m.Summary != nil:
		h.closed = true
		return h.write(m.Summary)
	}
	return nil
}

func (h *junitHandler) Close() error {
	if !h.closed {
		return incomplete("JUnit")
	}
	return nil
}

func junitApp(a *event.App) *junitSuite {
	var carries, services, problems []string
	for i := range a.SDKs {
		switch s := &a.SDKs[i]; {
		case s.State == finding.Referenced:
		case s.Tracker:
			carries = append(carries, s.Name)
		case s.Service:
			services = append(services, s.Name+" ("+sdkLabel(s)+")")
		}
	}
	for i, p := range a.Problems {
		if i == 10 {
			problems = append(problems, fmt.Sprintf("and %d more", len(a.Problems)-i))
			break
		}
		problems = append(problems, brief(strings.TrimPrefix(p.Part+": "+p.Detail, ": "), 300))
	}
	s := &junitSuite{Name: xmlText(title(a) + " (" + a.Path + ")"), Time: "0", path: a.Path, status: a.Status, problems: strings.Join(problems, "\n")}
	var out []string
	if len(carries) > 0 {
		out = append(out, "trackers: "+list(carries, 20, ", "))
	}
	if len(services) > 0 {
		out = append(out, "other services: "+list(services, 20, ", "))
	}
	s.Out = xmlText(strings.Join(out, "; "))
	return s
}

func (h *junitHandler) write(sum *event.Summary) error {
	var conditions []string               // in the order in which they come
	met := map[string]map[string]string{} // condition → path → reason
	strict := false
	run := &junitSuite{Name: "telltale", Time: "0"}
	for _, r := range sum.ExitReasons {
		if r.Code == 3 {
			strict = true // the cases of the apps say which and why
			continue
		}
		if h.policy != nil && r.Path != "" {
			continue // the cases of its rules say more
		}
		if r.Condition == "" || r.Path == "" {
			run.fail(junitCase{Class: "telltale", Name: xmlText(brief(r.Reason, 300)), Failure: &junitMessage{Message: xmlText(r.Reason), Type: fmt.Sprintf("exit-%d", r.Code)}})
			continue
		}
		if met[r.Condition] == nil {
			met[r.Condition] = map[string]string{}
			conditions = append(conditions, r.Condition)
		}
		if met[r.Condition][r.Path] == "" {
			met[r.Condition][r.Path] = r.Reason
		}
	}
	if sum.Interrupted {
		run.fail(junitCase{Class: "telltale", Name: "all apps were looked at", Error: &junitMessage{Message: "interrupted: apps after the last suite were not looked at", Type: "interrupted"}})
	}
	for _, s := range h.suites {
		s.fail(s.analysed(strict))
		for _, c := range s.rules {
			s.fail(c)
		}
		for _, c := range conditions {
			t := junitCase{Class: s.Name, Name: xmlText(c)}
			if why := met[c][s.path]; why != "" {
				t.Failure = &junitMessage{Message: xmlText(why), Type: "fail-on"}
			} else if s.status != fact.Complete {
				t.Skipped = &junitMessage{Message: "not shown by what was read, and not all was read"}
			}
			s.fail(t)
		}
	}
	all := junitSuites{Name: "telltale", Suites: h.suites}
	if len(run.Cases) > 0 {
		all.Suites = append(slices.Clone(h.suites), run)
	}
	for _, s := range all.Suites {
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Skipped += s.Skipped
	}
	if _, err := io.WriteString(h.w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(h.w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(h.w, "\n")
	return err
}

// analysed is the case for an app's status.
func (s *junitSuite) analysed(strict bool) junitCase {
	c := junitCase{Class: s.Name, Name: "everything was analysed"}
	if s.status == fact.Complete {
		return c
	}
	m := &junitMessage{Type: xmlText(string(s.status)), Text: xmlLines(s.problems)}
	switch s.status {
	case fact.Failed:
		m.Message = "not read"
	case fact.NoCode:
		m.Message = "its code was not read"
	default:
		m.Message = "read only in part"
	}
	switch {
	case !strict:
		m.Type = "" // the element has no such attribute
		c.Skipped = m
	case s.status == fact.Partial:
		c.Failure = m
	default:
		c.Error = m
	}
	return c
}

// fail adds a case and counts how it went.
func (s *junitSuite) fail(c junitCase) {
	c.Time = "0"
	if m := c.Skipped; m != nil {
		// The schema of Jenkins gives it text and no attributes.
		text := m.Text
		if !strings.HasPrefix(text, m.Message) {
			text = strings.TrimSuffix(m.Message+"\n"+text, "\n")
		}
		c.Skipped = &junitMessage{Text: text}
	}
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

// xmlText makes text from a file safe for one line of XML. encoding/xml
// escapes markup; characters that XML does not have become visible here.
func xmlText(s string) string {
	s = clean(s)
	if strings.ContainsAny(s, "\ufffe\uffff") {
		s = strings.NewReplacer("\ufffe", `\ufffe`, "\uffff", `\uffff`).Replace(s)
	}
	return s
}

// xmlLines is xmlText for several lines.
func xmlLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = xmlText(l)
	}
	return strings.Join(lines, "\n")
}
