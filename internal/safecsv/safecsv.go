// Package safecsv writes every CSV of the platform. Spreadsheets take a cell that begins with certain characters for a formula, and
// such a cell may come from anybody who chose a name (security row I-19); they are told that it is text.
package safecsv

import (
	"encoding/csv"
	"io"
	"strings"
	"unicode/utf8"
)

// formula are the first characters that make a cell a formula, the full-width ones in East Asian spreadsheets too.
const formula = "=+-@\t\r\n＝＋－＠"

// Cell is a text that no spreadsheet computes.
func Cell(text string) string {
	if first, size := utf8.DecodeRuneInString(text); size > 0 && strings.ContainsRune(formula, first) {
		return "'" + text
	}
	return text
}

// Writer writes lines of cells.
type Writer struct{ out *csv.Writer }

// New returns a writer.
func New(w io.Writer) *Writer { return &Writer{csv.NewWriter(w)} }

// Write adds a line.
func (w *Writer) Write(cells ...string) error {
	safe := make([]string, len(cells))
	for i, cell := range cells {
		safe[i] = Cell(cell)
	}
	return w.out.Write(safe)
}

// Flush writes what is buffered and answers the first error of all writes.
func (w *Writer) Flush() error {
	w.out.Flush()
	return w.out.Error()
}
