// What `make install` installs. `make deb` tries the same in bash, zsh and fish as people type (scripts/terminal/completions.py).
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Installation") struct InstallTests {
    @Test(
      "programs are installed without the symbols that only debuggers read, and run; shells complete streams and ssh"
    )
    func installs() throws {
      let folder = try TemporaryFolder(on: .disk)
      let prefix = "\(folder.path)/usr"
      let installed = try Program.run(
        Command("\(Built.repository)/scripts/install.sh", Built.folder, prefix), within: 60)
      #expect(installed.ending == .code(0) && installed.errors.isEmpty, "\(installed.errors)")
      for program in ["mpgtop", "mpg-demo", "mpg-load", "mpg-lesson"] {
        let path = "\(prefix)/bin/\(program)"
        let sections = try Program.run(Command("readelf", "--section-headers", "--wide", path)).output
        #expect(sections.contains(" .text ") && !sections.contains(".symtab"), "\(program)")
        #expect(try Program.run(Command(path, "--help")).ending == .code(0), "\(program)")
      }
      try FileManager.default.createDirectory(
        atPath: "\(folder.path)/.ssh", withIntermediateDirectories: false)
      try folder.write("Host web db.example.org *.lan\n  User me\n".utf8, to: ".ssh/config")
      let environment: [String: String?] = ["PATH": "\(prefix)/bin:/usr/bin:/bin", "HOME": folder.path]
      for (line, wanted, unwanted) in [
        ("mpgtop str", "stream", "record"), ("mpgtop stream --", "--plain", "--ssh"),
        ("mpgtop why --s", "--ssh", "--plain"), ("mpgtop --ssh ", "db.example.org", "*.lan"),
        ("mpgtop --verb", "--verbose", "--version"),
      ] {
        for (shell, offered) in try completions(of: line, prefix, environment) {
          #expect(offered.contains(wanted) && !offered.contains(unwanted), "\(shell): \(line): \(offered)")
        }
      }
    }

    /// What bash offers for the last word of a line; and fish, where it is installed.
    private func completions(of line: String, _ prefix: String, _ environment: [String: String?]) throws
      -> [(shell: String, words: [String])]
    {
      let bash = """
        . \(prefix)/share/bash-completion/completions/mpgtop
        read -ra COMP_WORDS <<<"$1"; case $1 in *' ') COMP_WORDS+=('') ;; esac
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$1 COMP_POINT=${#1}
        _mpgtop mpgtop "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
        printf '%s\\n' "${COMPREPLY[@]}"
        """
      var commands = [("bash", ["bash", "-c", bash, "-", line])]
      if FileManager.default.isExecutableFile(atPath: "/usr/bin/fish") {
        let fish = "source \(prefix)/share/fish/vendor_completions.d/mpgtop.fish; complete -C '\(line)'"
        commands.append(("fish", ["fish", "--no-config", "-c", fish]))
      }
      return try commands.map { shell, words in
        let finished = try Program.run(Command(words: words, environment: environment))
        let offered = finished.output.split(separator: "\n").compactMap {
          $0.split(whereSeparator: \.isWhitespace).first
        }
        return (shell, offered.map(String.init))
      }
    }
  }
}
