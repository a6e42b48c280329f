// Command write brings the vector files up to date; go generate runs it in the folder of package vectors.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/conformance/vectors/vectorgen"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "write vectors:", err)
		os.Exit(1)
	}
}

func run() error {
	files := vectorgen.Files()
	for _, area := range []string{"sm", "seal", "ofd", "pdf", "jose-gm", "tsp", "license"} {
		if err := os.MkdirAll(area, 0o755); err != nil {
			return err
		}
		old, err := filepath.Glob(filepath.Join(area, "*"+vectors.Extension))
		if err != nil {
			return err
		}
		for _, name := range old {
			if _, kept := files[filepath.ToSlash(name)]; !kept {
				if err := os.Remove(name); err != nil {
					return err
				}
			}
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.FromSlash(name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}
