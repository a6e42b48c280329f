package app

import (
	"fmt"
	"os"

	"github.com/yinxin-gov/yinxin/idp/mandate"
)

// ServiceItems says which service items (政务服务事项) a mandate may name.
type ServiceItems struct {
	// File is a list (JSON, docs/integration/service-items.md) in the place of the one that is built in.
	File string `yaml:"file"`
	// Closed refuses codes that are not in the list. Without it they are taken, under their code as name.
	Closed bool `yaml:"closed"`
}

// maxItemsBytes bounds the file.
const maxItemsBytes = 8 << 20

func (c ServiceItems) open() (mandate.Items, error) {
	list := mandate.BuiltInItems()
	if c.File != "" {
		info, err := os.Stat(c.File)
		if err == nil && info.Size() > maxItemsBytes {
			err = fmt.Errorf("larger than %d MiB", maxItemsBytes>>20)
		}
		var content []byte
		if err == nil {
			content, err = os.ReadFile(c.File)
		}
		if err == nil {
			list, err = mandate.ParseItems(content)
		}
		if err != nil {
			return list, fmt.Errorf("service_items.file: %w", err)
		}
	}
	list.Closed = c.Closed
	return list, nil
}
