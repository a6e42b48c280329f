package ofd

import (
	"math"
	"path"
	"strconv"
	"strings"
)

// hasScheme tells a location that begins as a URL does (RFC 3986 3.1), a drive among them.
func hasScheme(location string) bool {
	scheme, _, found := strings.Cut(location, ":")
	return found && scheme != "" && isLetter(rune(scheme[0])) && !strings.ContainsFunc(scheme, func(char rune) bool {
		return !isLetter(char) && (char < '0' || char > '9') && !strings.ContainsRune("+.-", char)
	})
}

func isLetter(char rune) bool { return char|0x20 >= 'a' && char|0x20 <= 'z' }

// Resolve finds the absolute path in the package that an ST_Loc names (GB/T 33190-2016 7.3): from the root when it begins
// with a slash, else from the folder of the file that holds it. ".." inside the package is legal; leaving it, drives,
// hosts and URLs are refused with ref_path.
func Resolve(holder, location string) (string, *Error) {
	location = strings.TrimSpace(location)
	slashed := strings.ReplaceAll(location, `\`, "/")
	if location == "" || hasScheme(location) || strings.HasPrefix(slashed, "//") || strings.ContainsRune(location, 0) {
		return "", refuse(CodePath, holder, "%q names nothing inside the package", clip(location))
	}
	if !strings.HasPrefix(slashed, "/") {
		slashed = path.Dir("/"+strings.TrimPrefix(holder, "/")) + "/" + slashed
	}
	depth := 0
	for segment := range strings.SplitSeq(slashed, "/") {
		switch segment {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				return "", refuse(CodePath, holder, "%q leaves the package", clip(location))
			}
		default:
			depth++
		}
	}
	return path.Clean(slashed), nil
}

func clip(text string) string {
	if len(text) > 120 {
		return text[:120] + "…"
	}
	return text
}

// Bounds of a page in millimetres.
const maxBox = 1e5

// ParseBox reads an ST_Box "x y w h". Values that are not finite, beyond 100 m, or a size that is not positive are
// refused with limit (D-19).
func ParseBox(holder, text string) (Box, *Error) {
	fields := strings.Fields(text)
	if len(fields) != 4 {
		return Box{}, refuse(CodeBounds, holder, "box %q has not four numbers", clip(text))
	}
	var values [4]float64
	for i, field := range fields {
		value, err := strconv.ParseFloat(field, 64)
		if err != nil || math.IsNaN(value) || math.Abs(value) > maxBox {
			return Box{}, refuse(CodeBounds, holder, "box %q holds a number out of bounds", clip(text))
		}
		values[i] = value
	}
	if values[2] <= 0 || values[3] <= 0 {
		return Box{}, refuse(CodeBounds, holder, "box %q has no area", clip(text))
	}
	return Box{values[0], values[1], values[2], values[3]}, nil
}
