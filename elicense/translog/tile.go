package translog

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Tiles of C2SP tlog-tiles.
const (
	TileHeight = 8
	TileWidth  = 1 << TileHeight // hashes of a full tile, entries of a full bundle
)

// TileID names a tile: Level 0 holds the hashes of leaves, each level above the roots of full tiles below.
type TileID struct {
	Level  int
	Number uint64
}

// Width is the number of hashes that a tile has in a tree of a size; 0 where it has none.
func (id TileID) Width(size uint64) int {
	if id.Level < 0 || id.Level*TileHeight >= 64 || id.Number > math.MaxUint64/TileWidth {
		return 0
	}
	total, begin := size>>(id.Level*TileHeight), id.Number*TileWidth
	if total <= begin {
		return 0
	}
	return int(min(total-begin, TileWidth))
}

// Path of a tile below the log's address: tile/<L>/<N>[.p/<W>].
func (id TileID) Path(width int) string {
	return "tile/" + strconv.Itoa(id.Level) + "/" + numberPath(id.Number, width)
}

// BundlePath is the path of a bundle of entries: tile/entries/<N>[.p/<W>].
func BundlePath(number uint64, width int) string { return "tile/entries/" + numberPath(number, width) }

func numberPath(number uint64, width int) string {
	path := fmt.Sprintf("%03d", number%1000)
	for number >= 1000 {
		number /= 1000
		path = fmt.Sprintf("x%03d/%s", number%1000, path)
	}
	if width < TileWidth {
		path += ".p/" + strconv.Itoa(width)
	}
	return path
}

// ParsePath reads the path of a tile or, with bundle true, of a bundle of entries. Only what Path and BundlePath write is read. Errors wrap ErrFormat.
func ParsePath(path string) (id TileID, width int, bundle bool, err error) {
	bad := fmt.Errorf("%w: %.80q is no path of a tile", ErrFormat, path)
	rest, ok := strings.CutPrefix(path, "tile/")
	level, rest, more := strings.Cut(rest, "/")
	if !ok || !more || len(path) > 80 {
		return id, 0, false, bad
	}
	if bundle = level == "entries"; !bundle {
		if id.Level, err = strconv.Atoi(level); err != nil || id.Level < 0 || id.Level > 63 {
			return id, 0, false, bad
		}
	}
	width = TileWidth
	digits, part, partial := strings.Cut(rest, ".p/")
	if partial {
		if width, err = strconv.Atoi(part); err != nil || width < 1 || width >= TileWidth {
			return id, 0, false, bad
		}
	}
	for element := range strings.SplitSeq(digits, "/") {
		n, err := strconv.ParseUint(strings.TrimPrefix(element, "x"), 10, 16)
		if err != nil || id.Number > (maxSize-n)/1000 {
			return id, 0, false, bad
		}
		id.Number = id.Number*1000 + n
	}
	again := BundlePath(id.Number, width)
	if !bundle {
		again = id.Path(width)
	}
	if again != path { // leading zeroes, missing x, signs
		return id, 0, false, bad
	}
	return id, width, bundle, nil
}

// AppendEntry adds an entry to a bundle: 16 bit length, then its octets. Errors wrap ErrMake.
func AppendEntry(bundle, entry []byte) ([]byte, error) {
	if len(entry) > math.MaxUint16 {
		return nil, fmt.Errorf("%w: an entry of %d octets", ErrMake, len(entry))
	}
	return append(binary.BigEndian.AppendUint16(bundle, uint16(len(entry))), entry...), nil
}

// ParseBundle reads a bundle of exactly width entries. Errors wrap ErrFormat.
func ParseBundle(bundle []byte, width int) ([][]byte, error) {
	entries, rest, err := cut(bundle, width)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%w: %d octets after the last entry of a bundle", ErrFormat, len(rest))
	}
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// CutBundle gives the octets of the first width entries of a bundle that may have more. Errors wrap ErrFormat.
func CutBundle(bundle []byte, width int) ([]byte, error) {
	_, rest, err := cut(bundle, width)
	if err != nil {
		return nil, err
	}
	return bundle[:len(bundle)-len(rest)], nil
}

func cut(bundle []byte, width int) (entries [][]byte, rest []byte, err error) {
	if width < 0 || width > TileWidth {
		return nil, nil, fmt.Errorf("%w: a bundle of %d entries", ErrFormat, width)
	}
	rest = bundle
	for range width {
		if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
			return nil, nil, fmt.Errorf("%w: a bundle ends inside an entry", ErrFormat)
		}
		end := 2 + int(binary.BigEndian.Uint16(rest))
		entries, rest = append(entries, rest[2:end:end]), rest[end:]
	}
	return entries, rest, nil
}
