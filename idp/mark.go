package idp

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// writeMark is the cursor of a list that is ordered by time and identifier.
func writeMark(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(at.UnixMicro(), 10) + " " + id))
}

func readMark(text string) (time.Time, string, error) {
	content, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return time.Time{}, "", err
	}
	at, id, _ := strings.Cut(string(content), " ")
	micros, err := strconv.ParseInt(at, 10, 64)
	return time.UnixMicro(micros).UTC(), id, err
}
