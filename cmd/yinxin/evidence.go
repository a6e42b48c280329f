package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/fault"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

// packEvidence packs a document with what its judgement leans on. The verdict decides the status, as with verify: a package is written
// whatever it is.
func packEvidence(ctx context.Context, c command) int {
	set := c.flags("evidence", "FILE")
	state := stateFlags(set)
	to := set.String("o", "", "`file` to write; must not exist")
	language := set.String("lang", "zh-CN", "`language` of the report: zh-CN or en")
	files, status, done := c.parse(set, 1, 1)
	if done {
		return status
	}
	if *to == "" {
		return c.fail(exitMisuse, "evidence", errors.New("name the file to write with -o"))
	}
	if !slices.Contains([]string{"zh-CN", "en"}, *language) {
		return c.fail(exitMisuse, "evidence", fmt.Errorf("--lang: %q is not known; use zh-CN or en", *language))
	}
	document, err := yinxin.ReadFile(files[0], yinxin.MaxDocument)
	if err != nil {
		return c.fail(exitMisuse, "evidence", err)
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "evidence", err)
	}
	a, err := app.New(ctx, cfg, app.Options{Log: c.log()})
	if err != nil {
		return c.fail(exitMisuse, "evidence", err)
	}
	defer a.Close()
	octets, result, err := a.PackEvidence(ctx, files[0], *language, document)
	if err != nil {
		c.fail(exitIndeterminate, "evidence", err)
		switch fault.CodeOf(err) {
		case fault.UnsupportedMedia:
			fmt.Fprintln(c.stderr, "hint: OFD and PDF documents, seals and seal signatures can be packed")
		case fault.TooLarge:
			fmt.Fprintln(c.stderr, "hint: documents of up to 64 MiB can be packed")
		}
		return exitIndeterminate
	}
	file, err := os.OpenFile(*to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return c.fail(exitMisuse, "evidence", err)
	}
	_, err = file.Write(octets)
	if err := errors.Join(err, file.Close()); err != nil {
		return c.fail(exitMisuse, "evidence", err)
	}
	fmt.Fprintf(c.stdout, "%s  %s %s  %s\n", printable(*to), result.Verdict, result.Code, result.Message[*language])
	return exitOf(result)
}
