package inspect

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
)

// Exit statuses of Run (design contract 3.1).
const (
	exitDone    = 0
	exitUnknown = 2 // a file has no known structure
	exitMisuse  = 3 // no file, or a file that cannot be read
)

// maxFile bounds a file on the command line (security rule R11).
const maxFile = 200 << 20

// Run is the verb inspect: `inspect [--json] FILE...`. Structures go to stdout, talk to stderr.
func Run(arguments []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("inspect", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are printed below, with the verb in front
	flags.Usage = func() {}
	asJSON := flags.Bool("json", false, "print JSON")
	names, err := parseArguments(flags, arguments)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(stderr, "usage: yinxin inspect [--json] FILE...")
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return exitDone
	}
	if err == nil && len(names) == 0 {
		err = errors.New("an argument is missing")
	}
	if err != nil {
		fmt.Fprintf(stderr, "yinxin inspect: %v\nhint: run yinxin inspect -h\n", err)
		return exitMisuse
	}
	status := exitDone
	files := []File{}
	for _, name := range names {
		input, err := readFile(name, maxFile)
		if err != nil {
			fmt.Fprintf(stderr, "yinxin inspect: %v\n", err)
			status = exitMisuse
			continue
		}
		file := Inspect(name, input)
		if file.Format == FormatUnknown {
			status = max(status, exitUnknown)
		}
		files = append(files, file)
	}
	write := WriteText
	if *asJSON {
		write = WriteJSON
	}
	if err := write(stdout, files); err != nil {
		fmt.Fprintf(stderr, "yinxin inspect: %v\n", err)
		return exitMisuse
	}
	return status
}

// parseArguments reads flags, which may stand after files; everything after -- is a file.
func parseArguments(flags *flag.FlagSet, rest []string) (names []string, err error) {
	for {
		if err := flags.Parse(rest); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			return names, nil
		}
		if used := len(rest) - flags.NArg(); used > 0 && rest[used-1] == "--" {
			return append(names, flags.Args()...), nil
		}
		names = append(names, flags.Arg(0))
		rest = flags.Args()[1:]
	}
}

func readFile(name string, limit int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	defer file.Close()
	input, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if int64(len(input)) > limit {
		return nil, fmt.Errorf("%s is larger than %d octets", name, limit)
	}
	return input, nil
}

// WriteJSON writes {"files":[…]}.
func WriteJSON(w io.Writer, files []File) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(struct {
		Files []File `json:"files"`
	}{files}); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// WriteText writes the same as indented lines, so that both forms never differ in what they show.
func WriteText(w io.Writer, files []File) error {
	var out bytes.Buffer
	for i, file := range files {
		if i > 0 {
			out.WriteByte('\n')
		}
		var encoded bytes.Buffer
		encoder := json.NewEncoder(&encoded)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(file); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		decoder := json.NewDecoder(&encoded)
		decoder.UseNumber()
		if err := printValue(&out, decoder, "", -1); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// printValue prints the next JSON value under its name, keeping the order of the fields.
func printValue(out *bytes.Buffer, decoder *json.Decoder, name string, depth int) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	delimiter, nested := token.(json.Delim)
	if !nested {
		printLine(out, depth, name, fmt.Sprint(token))
		return nil
	}
	if name != "" {
		printLine(out, depth, name, "")
	}
	for number := 1; decoder.More(); number++ {
		inner := fmt.Sprintf("%d", number)
		if delimiter == '{' {
			key, err := decoder.Token()
			if err != nil {
				return err
			}
			inner = fmt.Sprint(key)
		}
		if err := printValue(out, decoder, inner, depth+1); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return err
}

// printLine prints a name and a value from the file, with everything that could move or colour a terminal written out.
func printLine(out *bytes.Buffer, depth int, name, text string) {
	var safe strings.Builder
	for _, char := range text {
		if unicode.IsPrint(char) {
			safe.WriteRune(char)
			continue
		}
		fmt.Fprintf(&safe, "\\u%04x", char)
	}
	line := strings.Repeat("  ", max(depth, 0)) + name + ": " + safe.String()
	out.WriteString(strings.TrimRight(line, " "))
	out.WriteByte('\n')
}
