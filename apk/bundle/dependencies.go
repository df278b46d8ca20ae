package bundle

import (
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/internal/wire"
)

// Library is a dependency that the build recorded: from a Maven repository, or
// a package of Unity.
type Library struct {
	Group, Artifact string // of a Maven library
	UnityPackage    string
	Version         string
}

// Dependencies reads dependencies.pb (android.bundle.AppDependencies): what a
// bundle was built of, direct and indirect. It returns what it could read; the
// error tells of damage or of MaxLibraries.
func Dependencies(data []byte) ([]Library, error) {
	var out []Library
	m := wire.New(data, 0)
	for m.Next() {
		if m.Num != 1 || !m.IsMessage() {
			continue
		}
		if len(out) == MaxLibraries {
			return out, binread.Errorf(binread.TooLarge, "dependencies", m.Off, "limit MaxLibraries (%d)", MaxLibraries)
		}
		if l := library(m.Sub()); l.Artifact != "" || l.UnityPackage != "" {
			out = append(out, l)
		}
	}
	if err := m.Err(); err != nil {
		return out, err
	}
	return out, nil
}

func library(m *wire.Message) (l Library) {
	for m.Next() {
		switch m.Num {
		case 1: // MavenLibrary
			for f := m.Sub(); f.Next(); {
				switch f.Num {
				case 1:
					l.Group = f.Text()
				case 2:
					l.Artifact = f.Text()
				case 5:
					l.Version = f.Text()
				}
			}
		case 4: // UnityLibrary
			for f := m.Sub(); f.Next(); {
				switch f.Num {
				case 1:
					l.UnityPackage = f.Text()
				case 2:
					l.Version = f.Text()
				}
			}
		}
	}
	return l
}
