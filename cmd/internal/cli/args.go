package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves the flags of a command line in front of its arguments, so
// that "scan FOLDER --format json" is what it looks like: the flag package
// stops at the first argument and would take the rest for more of them. What
// follows "--" is never a flag and stays as it is.
func flagsFirst(app *cli.App, args []string) []string {
	if len(args) < 2 || args[len(args)-1] == "--generate-bash-completion" {
		return args
	}
	at := 1
	commands := app.Commands
	var command *cli.Command
	for at < len(args) && len(commands) > 0 {
		i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[at]) })
		if i < 0 {
			break
		}
		command, commands = commands[i], commands[i].Subcommands
		at++
	}
	if command == nil || len(commands) > 0 {
		return args
	}
	var flags, rest []string
	for i := at; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			rest = append(rest, args[i+1:]...)
			i = len(args)
		case len(a) < 2 || a[0] != '-':
			rest = append(rest, a)
		default:
			flags = append(flags, a)
			if takesValue(command, a) {
				i++
				if i == len(args) {
					// Its value is missing: that is what must be told.
					return append(slices.Clone(args[:at]), flags...)
				}
				flags = append(flags, args[i])
			}
		}
	}
	out := append(slices.Clone(args[:at]), flags...)
	if len(rest) > 0 {
		out = append(out, "--")
	}
	return append(out, rest...)
}

// takesValue reports whether the flag as written needs the next word.
func takesValue(c *cli.Command, written string) bool {
	name, _, has := strings.Cut(strings.TrimLeft(written, "-"), "=")
	if has {
		return false
	}
	for _, f := range c.Flags {
		if slices.Contains(f.Names(), name) {
			d, ok := f.(cli.DocGenerationFlag)
			return ok && d.TakesValue()
		}
	}
	return false
}
