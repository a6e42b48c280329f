package apptest

import (
	"bytes"
	"context"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/internal/app"
)

// personal is what no log line and no audit row may hold: a mobile number, also with the code of the country as it is stored and as it
// stands in an address, or the number of a resident's document.
var personal = regexp.MustCompile(`^(?:(?:00|2[Bb])?(?:86)?1[3-9][0-9]{9}|[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx])$`)

// personalIn finds the first such number that stands by itself. The expression is tried on words of digits alone: megabytes of
// log take it seconds.
func personalIn(text string) string {
	word := func(c byte) bool { return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' }
	for i := 0; i < len(text); {
		begin, digits := i, 0
		for i < len(text) && word(text[i]) {
			if '0' <= text[i] && text[i] <= '9' {
				digits++
			}
			i++
		}
		if n := i - begin; n >= 11 && n <= 18 && digits >= n-1 && personal.MatchString(text[begin:i]) {
			return text[begin:i]
		}
		i++
	}
	return ""
}

// spellings are how a name may stand in a line: as it is, in an address, and as a program quotes it.
func spellings(name string) []string {
	ascii := strings.Trim(strconv.QuoteToASCII(name), `"`)
	return []string{name, url.QueryEscape(name), strings.ToLower(url.QueryEscape(name)), ascii, strings.ReplaceAll(ascii, `\`, `\\`)}
}

// canary looks for the people of a test in what the platform logged and recorded, after every test.
func (p *Platform) canary(cfg app.Config) {
	p.t.Helper()
	var records bytes.Buffer
	if _, err := app.ExportAudit(context.Background(), cfg, &records); err != nil {
		p.t.Errorf("X-27: read the audit log: %v", err)
	}
	for place, text := range map[string]string{"log": p.Log.String(), "audit log": records.String()} {
		found := personalIn(text)
		for _, name := range p.names {
			for _, spelled := range spellings(name) {
				if strings.Contains(text, spelled) {
					found = spelled
				}
			}
		}
		if at := strings.Index(text, found); found != "" {
			p.t.Errorf("X-27: %q stands in the %s: %.400s", found, place, text[strings.LastIndexByte(text[:at], '\n')+1:])
		}
	}
}
