package idp

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// PagePlace is where a page of a list by time ends: its last entry, to the microsecond. It holds nothing that the entry does not show;
// internal/pagemark makes of it the mark that callers get.
func PagePlace(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(at.UnixMicro(), 10) + " " + id))
}

// ReadPagePlace reads what PagePlace wrote.
func ReadPagePlace(text string) (at time.Time, id string, err error) {
	content, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return time.Time{}, "", err
	}
	first, id, _ := strings.Cut(string(content), " ")
	micros, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return time.Time{}, "", err
	}
	return time.UnixMicro(micros).UTC(), id, nil
}
