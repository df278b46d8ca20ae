// Package signatures loads rules, makes them ready and matches facts against
// them. Rules are data: package rule has their shape, the folder db the
// bundled ones, package fact what is matched.
//
//	rules, err := signatures.Default()            // or Load, or Merge of several
//	compiled, err := signatures.Compile(rules)
//	matches := signatures.Match(ctx, set, compiled)
//
// # Rules
//
// [Load] reads a folder of YAML files strictly and reports everything that is
// wrong at once, with places. [Default] returns the bundled rules, which go
// generate compiled into one embedded file, so that a start parses no YAML.
// [Merge] lays a user's folders over them: a rule with the kind and id of
// another takes its place, one with "status: disabled" takes it out. [Rules.Digest]
// names the content of a set, however it was loaded.
//
// # Matching
//
// Everything that rules name is a key of one index, and the tables of an app
// are gone over once, so the cost follows what is in the file, not how many
// rules there are. A rule holds if one of its strong signals does, or two weak
// ones of different kinds, or what its when says; the match carries every
// signal that was seen, with its place. Classes that are defined and classes
// that are only referenced are kept apart.
//
// A match says what an app carries and names. What that means — who does
// what, and how sure that is — is for package judge.
//
// # Limits and threat model
//
// Facts come from hostile files, and overlays may be hostile too. A rule file
// has at most [MaxFileSize] bytes and a nesting of 32; a panic of the YAML
// parser is an error. There are no regular expressions. A prefix that ends
// with "*" needs four characters. Values of evidence are copied from the app as
// they are: whoever prints them escapes them. The bundled file is part of the
// program and trusted.
package signatures
