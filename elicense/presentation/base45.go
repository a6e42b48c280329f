package presentation

import (
	"errors"
	"strings"
)

// errBase45 is wrapped by ErrFormat where a code is read.
var errBase45 = errors.New("not Base45 (RFC 9285)")

const base45Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// encodeBase45 writes octets in the alphanumeric alphabet of QR codes (RFC 9285 4).
func encodeBase45(data []byte) string {
	var out strings.Builder
	out.Grow((len(data)*3 + 1) / 2)
	for ; len(data) >= 2; data = data[2:] {
		n := int(data[0])<<8 | int(data[1])
		out.WriteByte(base45Alphabet[n%45])
		out.WriteByte(base45Alphabet[n/45%45])
		out.WriteByte(base45Alphabet[n/2025])
	}
	if len(data) == 1 {
		out.WriteByte(base45Alphabet[data[0]%45])
		out.WriteByte(base45Alphabet[data[0]/45])
	}
	return out.String()
}

// decodeBase45 reads strictly: no other characters, no group beyond its range, no lone character (RFC 9285 6).
func decodeBase45(text string) ([]byte, error) {
	out := make([]byte, 0, len(text)*2/3)
	for len(text) > 0 {
		group := text[:min(3, len(text))]
		text = text[len(group):]
		if len(group) == 1 {
			return nil, errBase45
		}
		n, factor := 0, 1
		for i := range len(group) {
			value := strings.IndexByte(base45Alphabet, group[i])
			if value < 0 {
				return nil, errBase45
			}
			n += value * factor
			factor *= 45
		}
		switch {
		case len(group) == 3 && n <= 0xffff:
			out = append(out, byte(n>>8), byte(n))
		case len(group) == 2 && n <= 0xff:
			out = append(out, byte(n))
		default:
			return nil, errBase45
		}
	}
	return out, nil
}
