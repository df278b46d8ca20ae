package lint

import (
	"errors"
	"fmt"
	"strings"
)

// Doc is the documentation of a check, read from Markdown:
//
//	# id
//
//	One line that says what is found.
//
//	Why that matters, and how to mend it.
//
//	## Bad
//
//	```yaml
//	signals:
//	  - code: com
//	```
//
//	## Good
//
// and another such block. A block shows the fields that matter; all others are
// those of a rule that is fine. A block whose fence has a path behind "yaml" is
// another file beside it.
type Doc struct {
	ID        string
	Title     string // the one line
	Text      string // the whole, as Markdown
	Bad, Good []File
}

// File is a rule file of an example, or the fields of it that matter.
type File struct {
	Path string // "" for the rule that the example is about
	Text string
}

// ParseDoc reads the documentation of a check.
func ParseDoc(text string) (*Doc, error) {
	d := &Doc{Text: text}
	var files *[]File
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		switch {
		case strings.HasPrefix(l, "# ") && d.ID == "":
			d.ID = strings.TrimPrefix(l, "# ")
		case l == "## Bad":
			files = &d.Bad
		case l == "## Good":
			files = &d.Good
		case strings.HasPrefix(l, "```yaml"):
			if files == nil {
				return nil, errors.New("an example stands before \"## Bad\"")
			}
			f := File{Path: strings.TrimSpace(strings.TrimPrefix(l, "```yaml"))}
			for i++; i < len(lines) && lines[i] != "```"; i++ {
				f.Text += lines[i] + "\n"
			}
			*files = append(*files, f)
		case d.ID != "" && d.Title == "" && l != "":
			d.Title = l
		}
	}
	if d.ID == "" || d.Title == "" || len(d.Bad) == 0 || len(d.Good) == 0 {
		return nil, fmt.Errorf("the documentation of %q lacks its title or an example", d.ID)
	}
	return d, nil
}
