package elicense

import (
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/counterbundle"
)

// TestABundleLeavesOutWhatItHasNoRoomFor: other regions and the oldest blocks go first, and what stays keeps its order.
func TestABundleLeavesOutWhatItHasNoRoomFor(t *testing.T) {
	file := func(name, begin string, size int) TrustFile {
		return TrustFile{Name: name, Content: append([]byte(begin), make([]byte, size-len(begin))...)}
	}
	const list, other = "\x84\x65YXSL1", "YXRV1\n"
	files := []TrustFile{file("root", "r", 10), file("status-1", list, 20), file("status-2", list, 20), file("log/keys", "k", 10), file("region", other, 20)}
	for room, want := range map[int][]string{80: {"root", "status-1", "status-2", "log-keys", "region"}, 79: {"root", "status-1", "status-2", "log-keys"}, 40: {"root", "status-2", "log-keys"}, 39: {"root", "log-keys"}} {
		var names []string
		for _, f := range fitting(files, room) {
			names = append(names, f.Name)
		}
		if !slices.Equal(names, want) {
			t.Errorf("room of %d: %v", room, names)
		}
	}
	if counterbundle.MaxFiles < 4<<20 {
		t.Error("no room for the lists of a city")
	}
}
