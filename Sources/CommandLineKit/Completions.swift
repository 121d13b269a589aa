/// Completion scripts, made from the declarations.
struct Completions {
  static let shells = ["bash", "zsh", "fish"]

  let commands: [CommandSpec]
  /// Words of the program that print the words for an operand, by its name.
  let sources: [String: String]

  func script(shell: String) -> String {
    switch shell {
    case "bash": bash()
    case "zsh": zsh()
    default: fish()
    }
  }

  /// A shell command that prints the words for a command's operand; nil where none is known.
  private func source(_ command: CommandSpec) -> String? {
    command.operands.lazy.compactMap { sources[$0.name] }.first.map { "lake \($0) 2>/dev/null" }
  }

  private func spellings(_ flags: [FlagSpec]) -> String {
    flags.map { "--" + $0.name }.joined(separator: " ")
  }

  private func bash() -> String {
    let names = commands.map(\.name).joined(separator: " ")
    var script = """
      # bash completion for lake: source <(lake completions bash)
      _lake() {
        local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" verb="" word
        for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
          case "$word" in -*) ;; *) case " \(names) help " in *" $word "*) verb="$word"; break ;; esac ;; esac
        done
        local flags="\(spellings(CommandSpec.commonFlags))" words=""
        case "$previous" in
          --lake) COMPREPLY=($(compgen -d -- "$current")); return ;;
          --color) COMPREPLY=($(compgen -W "auto always never" -- "$current")); return ;;
          --progress) COMPREPLY=($(compgen -W "auto never" -- "$current")); return ;;
        esac
        case "$verb" in
          "") words="\(names) help" ;;
          help) words="\(names)" ;;

      """
    for command in commands {
      let words =
        source(command).map { "$(\($0))" }
        ?? command.operands.flatMap(\.choices).joined(separator: " ")
      script += "    \(command.name)) flags=\"$flags \(spellings(command.flags))\""
      if !words.isEmpty { script += " words=\"\(words)\"" }
      script += "\n"
      let choices = command.flags.filter { !$0.choices.isEmpty }
      if !choices.isEmpty {
        script += "      case \"$previous\" in\n"
        for flag in choices {
          let list = flag.choices.joined(separator: " ")
          script +=
            "        --\(flag.name)) COMPREPLY=($(compgen -W \"\(list)\" -- \"$current\")); return ;;\n"
        }
        script += "      esac\n"
      }
      script += "      ;;\n"
    }
    script += """
        esac
        case "$current" in
          -*) COMPREPLY=($(compgen -W "$flags" -- "$current")) ;;
          *) COMPREPLY=()
             if [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$current")); fi
             if [ ${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi ;;
        esac
      }
      complete -o filenames -F _lake lake

      """
    return script
  }

  private func zsh() -> String {
    var script = """
      #compdef lake
      # zsh completion for lake: lake completions zsh > "${fpath[1]}/_lake"
      _lake() {
        local -a verbs
        verbs=(

      """
    for command in commands {
      script += "    '\(command.name):\(zshText(command.summary))'\n"
    }
    script += "    'help:Show the help of a command.'\n  )\n"
    script += "  local -a common\n  common=(\n"
    for flag in CommandSpec.commonFlags { script += "    \(zshFlag(flag))\n" }
    script += """
        )
        if (( CURRENT == 2 )); then _describe 'command' verbs; return; fi
        local verb="${words[2]}"
        case "$verb" in

      """
    for command in commands {
      script += "    \(command.name)) _arguments -s $common"
      for flag in command.flags { script += " \\\n      \(zshFlag(flag))" }
      let choices = command.operands.flatMap(\.choices)
      script += " \\\n      "
      if let source = source(command) {
        script += "'*:table:{ compadd -- $(\(source)); _files }'"
      } else {
        script +=
          choices.isEmpty ? "'*:file:_files'" : "'*:word:(\(choices.joined(separator: " ")))'"
      }
      script += " ;;\n"
    }
    script += """
          help) _describe 'command' verbs ;;
          *) _arguments -s $common '*:file:_files' ;;
        esac
      }
      if [ "$funcstack[1]" = "_lake" ]; then _lake "$@"; else compdef _lake lake; fi

      """
    return script
  }

  private func zshFlag(_ flag: FlagSpec) -> String {
    var text =
      "'--" + flag.name + (flag.valueName == nil ? "" : "=") + "[" + zshText(flag.help) + "]"
    if let valueName = flag.valueName {
      let choices = flag.choices
      text += ":" + zshText(choices.isEmpty ? valueName : flag.name) + ":"
      text +=
        choices.isEmpty
        ? (valueName == "DIR" ? "_files -/" : "_files") : "(" + choices.joined(separator: " ") + ")"
    }
    return text + "'"
  }

  private func zshText(_ text: String) -> String {
    var safe = ""
    for character in text {
      switch character {
      case "'": safe += "'\\''"
      case "[", "]", ":": safe += "\\" + String(character)
      default: safe.append(character)
      }
    }
    return safe
  }

  private func fish() -> String {
    let names = commands.map(\.name).joined(separator: " ")
    var script = """
      # fish completion for lake: lake completions fish > ~/.config/fish/completions/lake.fish
      set -l verbs \(names) help

      """
    for command in commands {
      script +=
        "complete -c lake -n \"not __fish_seen_subcommand_from $verbs\" -f -a \(command.name)"
      script += " -d '\(fishText(command.summary))'\n"
    }
    for flag in CommandSpec.commonFlags { script += "complete -c lake " + fishFlag(flag) + "\n" }
    for command in commands {
      let seen = "complete -c lake -n '__fish_seen_subcommand_from \(command.name)' "
      for flag in command.flags { script += seen + fishFlag(flag) + "\n" }
      let words = command.operands.flatMap(\.choices)
      if !words.isEmpty { script += seen + "-f -a '\(words.joined(separator: " "))'\n" }
      if let source = source(command) { script += seen + "-a '(\(source))'\n" }
    }
    return script
  }

  private func fishFlag(_ flag: FlagSpec) -> String {
    var text = flag.short.map { "-s \($0) " } ?? ""
    text += "-l " + flag.name
    if flag.valueName != nil { text += " -r" }
    if !flag.choices.isEmpty { text += " -f -a '" + flag.choices.joined(separator: " ") + "'" }
    return text + " -d '" + fishText(flag.help) + "'"
  }

  private func fishText(_ text: String) -> String {
    text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "\\'")
  }
}
