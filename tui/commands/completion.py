"""Print what a shell needs to complete `overnight`: its verbs, their options, the runs and the groups.

bash: eval "$(overnight completion bash)" in ~/.bashrc
zsh:  eval "$(overnight completion zsh)" in ~/.zshrc, behind compinit
fish: overnight completion fish > ~/.config/fish/completions/overnight.fish

What follows -- are the words so far, the one that is being typed last: then what it may become, one a line.
"""

from argparse import REMAINDER, ArgumentParser, Namespace

from overnight.state.errors import OvernightError
from overnight.tui import console

# The scripts only ask and show; where there is nothing of ours they leave it to the shell, which knows files.
BASH = """\
_overnight() {
    local IFS=$'\\n'
    COMPREPLY=($(overnight completion bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _overnight overnight
"""
ZSH = """\
_overnight() {
    local -a found
    found=("${(@f)$(overnight completion zsh -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "${found[1]}" ]]; then compadd -a found; else _files; fi
}
compdef _overnight overnight
"""
FISH = """\
function __overnight
    set -l words (commandline -opc) (commandline -ct)
    set -l found (overnight completion fish -- $words[2..] 2>/dev/null)
    if test -n "$found"; printf '%s\\n' $found; else; __fish_complete_path (commandline -ct); end
end
complete -c overnight -f -a '(__overnight)'
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def declare(parser: ArgumentParser) -> None:
    parser.usage = "overnight completion {bash,zsh,fish} [-- WORD…]"
    parser.add_argument("shell", choices=SCRIPTS, help="the shell that reads it")
    words = parser.add_argument("words", nargs=REMAINDER, metavar="-- WORD…", help="what is typed so far")
    # It may be empty; an older Python would call it missing wherever the shell is.
    words.required = False


def run(options: Namespace) -> int:
    if not options.words:
        console.data(SCRIPTS[options.shell].rstrip())
        return 0
    from overnight.tui.completing import candidates

    # Whether the parser leaves the dashes there depends on the Python.
    words = options.words[1:] if options.words[0] == "--" else options.words
    try:
        for each in candidates(words):
            console.data(each)
    except OvernightError:
        # Whoever presses tab is not to be told; the verb itself says it.
        pass
    return 0
