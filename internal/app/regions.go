package app

import (
	"fmt"
	"log/slog"

	"github.com/yinxin-gov/yinxin/internal/netregion"
)

// openRegions reads the table of regions. One that cannot be read stops the start; a later version that is wrong is told of in the log, and
// the table before goes on.
func openRegions(cfg Config, o Options) (*netregion.File, error) {
	switch {
	case cfg.NetworkRegionsFile != "":
		file, err := netregion.Open(cfg.NetworkRegionsFile, o.Now, func(err error) {
			slog.Warn("table of regions was not read anew", "file", cfg.NetworkRegionsFile, "error", err)
		})
		if err != nil {
			return nil, fmt.Errorf("network_regions_file: %w", err)
		}
		return file, nil
	case cfg.Sandbox:
		return netregion.Sandbox(), nil
	}
	return nil, nil
}

// placeOf names where an address is, in Chinese and in English.
func (a *App) placeOf(address string) (chinese, english string) {
	region, _ := a.regions.Find(address)
	return region.Name, region.English
}
