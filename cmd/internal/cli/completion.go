package cli

import (
	"io"

	"github.com/urfave/cli/v2"
)

// The scripts ask the program itself (--generate-bash-completion), so they
// need no change when commands do.
const bashCompletion = `# bash completion for telltale: source <(telltale completion bash)
_telltale() {
	local cur words
	cur="${COMP_WORDS[COMP_CWORD]}"
	words=$("${COMP_WORDS[@]:0:COMP_CWORD}" --generate-bash-completion 2>/dev/null)
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur"; compgen -f -- "$cur")
}
complete -o bashdefault -o default -o filenames -F _telltale telltale
`

const zshCompletion = `#compdef telltale
# zsh completion for telltale: source <(telltale completion zsh)
_telltale() {
	local -a opts
	opts=("${(@f)$(${words[1,CURRENT-1]} --generate-bash-completion 2>/dev/null)}")
	_describe 'command' opts
	_files
}
compdef _telltale telltale
`

const fishCompletion = `# fish completion for telltale: telltale completion fish | source
function __telltale
	set -l words (commandline -opc)
	$words --generate-bash-completion 2>/dev/null
end
complete -c telltale -a '(__telltale)'
`

func (e *env) completionCommand() *cli.Command {
	return &cli.Command{
		Name: "completion", Usage: "print a completion script for a shell", ArgsUsage: "bash|zsh|fish",
		Action: func(c *cli.Context) error {
			scripts := map[string]string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}
			s, ok := scripts[c.Args().First()]
			if !ok || c.Args().Len() != 1 {
				return usagef("completion needs the name of a shell: bash, zsh or fish")
			}
			_, err := io.WriteString(e.stdout, s)
			return err
		},
	}
}
