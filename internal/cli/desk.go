package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"okta-entitlements-mcp/internal/intake"
)

// desk is where a person may sit in front of a command.
type desk struct {
	in       io.Reader
	prompt   io.Writer // stdout belongs to the result
	terminal bool
}

func deskOf(cmd *cobra.Command) desk {
	return desk{in: cmd.InOrStdin(), prompt: cmd.ErrOrStderr(), terminal: term.IsTerminal(int(os.Stdin.Fd()))}
}

// ask puts one doubt to the person and returns the chosen answer. Each call reads one line or more and nothing beyond.
func (d desk) ask(doubt intake.Doubt) (intake.Answers, error) {
	if len(doubt.Answers) == 0 {
		return intake.Answers{}, fmt.Errorf("%s: %s: nothing to choose from; give the answer with --answer", doubt.Code, shown(doubt.Question))
	}
	fmt.Fprintf(d.prompt, "\n%s\n", shown(doubt.Question))
	for i, a := range doubt.Answers {
		fmt.Fprintf(d.prompt, "  %d  %s", i+1, shown(a.Label))
		if a.Effect != "" {
			fmt.Fprintf(d.prompt, " (%s)", shown(a.Effect))
		}
		fmt.Fprintln(d.prompt)
	}
	for {
		fmt.Fprintf(d.prompt, "1 to %d, or q to leave: ", len(doubt.Answers))
		line, err := readLine(d.in)
		choice, bad := strconv.Atoi(line)
		switch {
		case line == "q", err != nil && line == "":
			fmt.Fprintln(d.prompt)
			return intake.Answers{}, errors.New("the question was not answered; nothing was planned")
		case bad == nil && choice >= 1 && choice <= len(doubt.Answers):
			return parseAnswers([]byte(doubt.Answers[choice-1].Argument))
		case err != nil:
			return intake.Answers{}, fmt.Errorf("read the answer: %w", err)
		}
	}
}

// readLine reads up to the end of a line, byte by byte: what follows is for the next question.
func readLine(in io.Reader) (string, error) {
	reader := bufio.NewReaderSize(oneByte{in}, 16)
	line, err := reader.ReadString('\n')
	return strings.TrimSpace(line), err
}

// oneByte hands a reader's bytes out one at a time, so that no buffer takes more than it gives on.
type oneByte struct{ io.Reader }

func (r oneByte) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(len(p), 1)]) }
