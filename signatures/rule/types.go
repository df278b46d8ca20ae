package rule

// Type returns the name of the field that is set ("code", "meta-data", …), or
// "" if none is.
func (s *Signal) Type() string {
	t, _ := s.split()
	return t
}

// Value returns what the signal looks for, as text. For an endpoint that is
// host and path, with the query keys behind "?".
func (s *Signal) Value() string {
	_, v := s.split()
	return v
}

// Text renders type and value: "code: com.foo".
func (s *Signal) Text() string {
	t, v := s.split()
	return t + ": " + v
}

// EffectiveStrength returns the strength, which is Strong if none is given.
func (s *Signal) EffectiveStrength() string {
	if s.Strength == "" {
		return Strong
	}
	return s.Strength
}

func (s *Signal) split() (typ, value string) {
	switch {
	case s.Code != "":
		return "code", s.Code
	case s.Class != "":
		return "class", s.Class
	case s.CodeRef != "":
		return "code-ref", s.CodeRef
	case s.Member != "":
		return "member", s.Member
	case s.String != "":
		return "string", s.String
	case s.Endpoint != nil:
		return "endpoint", s.Endpoint.String()
	case s.Activity != "":
		return "activity", s.Activity
	case s.Service != "":
		return "service", s.Service
	case s.Receiver != "":
		return "receiver", s.Receiver
	case s.Provider != "":
		return "provider", s.Provider
	case s.Authority != "":
		return "authority", s.Authority
	case s.MetaData != "":
		return "meta-data", s.MetaData
	case s.Permission != "":
		return "permission", s.Permission
	case s.Action != "":
		return "action", s.Action
	case s.UsesLibrary != "":
		return "uses-library", s.UsesLibrary
	case s.Native != "":
		return "native", s.Native
	case s.Symbol != "":
		return "symbol", s.Symbol
	case s.BuildID != "":
		return "build-id", s.BuildID
	case s.File != "":
		return "file", s.File
	case s.Asset != "":
		return "asset", s.Asset
	case s.Resource != "":
		return "resource", s.Resource
	case s.JSModule != "":
		return "js-module", s.JSModule
	case s.DartPackage != "":
		return "dart-package", s.DartPackage
	case s.UnityAssembly != "":
		return "unity-assembly", s.UnityAssembly
	case s.Maven != "":
		return "maven", s.Maven
	case s.AppKey != "":
		return "app-key", s.AppKey
	}
	return "", ""
}

// String renders host, path and query keys: "api.foo.com/sa?project".
func (e *Endpoint) String() string {
	s := e.Host + e.Path
	for i, q := range e.Query {
		if i == 0 {
			s += "?"
		} else {
			s += "&"
		}
		s += q
	}
	return s
}

// Type returns the name of the field that says what is read, or "".
func (s *Source) Type() string {
	t, _ := s.split()
	return t
}

// Value returns what is read, as text.
func (s *Source) Value() string {
	_, v := s.split()
	return v
}

func (s *Source) split() (typ, value string) {
	switch {
	case s.Member != "":
		return "member", s.Member
	case s.Setting != "":
		return "setting", s.Setting
	case s.Property != "":
		return "property", s.Property
	case s.URI != "":
		return "uri", s.URI
	case s.File != "":
		return "file", s.File
	case s.Shell != "":
		return "shell", s.Shell
	case s.Service != "":
		return "service", s.Service
	case s.Action != "":
		return "action", s.Action
	}
	return "", ""
}

// GradeNames lists the grades, strongest first.
func GradeNames() []string {
	return []string{
		string(GradeRegistrant), string(GradeFiling), string(GradeCompanyFiling),
		string(GradeCompanySeat), string(GradeInferred),
	}
}

// ValidName reports whether a text that comes from a file is fit to stand in a
// rule as the name of a component, a key or the like: printable ASCII without
// blanks and without "*", of three to 200 bytes, and no placeholder.
func ValidName(s string) bool {
	if len(s) < 3 || len(s) > 200 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c <= 0x20 || c > 0x7e, c == '*', c == '{', c == '}', c == '"', c == '\'', c == '\\':
			return false
		}
	}
	return true
}
