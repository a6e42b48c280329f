package app

import "runtime/debug"

// release is set by the linker of a release build.
var release = ""

// Version is the release, or the commit that the binary was built from, or "development".
func Version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
				return setting.Value[:12]
			}
		}
	}
	return "development"
}
