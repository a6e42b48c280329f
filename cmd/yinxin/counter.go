package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	yinxin "github.com/yinxin-gov/yinxin/sdk"
	"github.com/yinxin-gov/yinxin/sdk/offline"
)

// counterVerb shows the bundle of a counter, or takes one that was brought; neither needs a platform.
func counterVerb(_ context.Context, c command) int {
	set := c.flags("counter", "show|take FILE")
	folder := set.String("dir", "", "`folder` of the counter, for take; yinxin verify --counter reads it")
	fingerprint := set.String("fingerprint", "", "`SM3` of the platform's root, compared by another way; for the first bundle")
	asJSON := set.Bool("json", false, "print JSON")
	word := ""
	if len(c.args) > 0 {
		word, c.args = c.args[0], c.args[1:]
	}
	switch word {
	case "show", "take":
	case "-h", "--help", "-help":
		c.args = []string{"-h"}
	default:
		return c.fail(exitMisuse, "counter", fmt.Errorf("unknown word %q; use show or take", word))
	}
	files, status, done := c.parse(set, 1, 1)
	if done {
		return status
	}
	path := files[0]
	if info, err := os.Stat(path); word == "show" && err == nil && info.IsDir() {
		path = filepath.Join(path, "counter.bundle")
	}
	content, err := yinxin.ReadFile(path, offline.MaxTrustFile)
	if err != nil {
		return c.fail(exitMisuse, "counter", err)
	}
	now := time.Now()
	var bundle yinxin.Counter
	switch {
	case word == "show" && (*folder != "" || *fingerprint != ""):
		return c.fail(exitMisuse, "counter", errors.New("--dir and --fingerprint are for take"))
	case word == "show":
		bundle, err = yinxin.ReadCounter(content)
	case *folder == "":
		return c.fail(exitMisuse, "counter", errors.New("take needs --dir"))
	default:
		bundle, err = yinxin.TakeCounter(*folder, content, *fingerprint, now)
	}
	if err != nil {
		return c.fail(exitFailed, "counter", err)
	}
	if *asJSON {
		return c.printJSON(bundle)
	}
	fmt.Fprintf(c.stdout, "%s\n  address      %s\n  number       %d of %s, %d h ago\n  good until   %s\n  files        %d\n", printable(bundle.Publisher), printable(bundle.Address), bundle.Number,
		bundle.IssuedAt.Format(time.RFC3339), int(now.Sub(bundle.IssuedAt)/time.Hour), bundle.GoodUntil.Format(time.RFC3339), bundle.Files)
	for _, root := range bundle.Fingerprints {
		fmt.Fprintf(c.stdout, "  root         %s\n", root)
	}
	if word == "show" {
		fmt.Fprintln(c.stderr, "nothing is trusted by this; compare the root with the platform's by another way, before counter take")
	}
	return exitDone
}
