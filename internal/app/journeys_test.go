package app_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// journey is one walk through a section of experience.md §3 in Chromium. All walks go over one platform and one tab; people differ.
type journey struct {
	t       *testing.T
	p       *apptest.Platform
	tab     *browser.Tab
	portal  *landing
	sources map[bool]*hostileSource // another platform for the walk with scripts and one for that without
	scripts bool
	step    string          // where the walk is, for messages
	walked  map[string]bool // steps that were reached
	last    *int            // of the telephone numbers that the walks made up
	shown   *int            // pictures that were taken
}

// journeys are the walks by the section that they walk. docs/reference/journeys.md names what each step of it is.
var journeys = []struct {
	section string
	walk    func(j *journey)
}{
	{"3.1", (*journey).registration},
	{"3.2", (*journey).login},
	{"3.3", (*journey).consent},
	{"3.4", (*journey).ownPages},
	{"3.5", (*journey).recovery},
	{"3.6", (*journey).delegation},
	{"3.7", (*journey).family},
	{"3.8", (*journey).dataRights},
	{"3.13", (*journey).counter},
}

// TestJourneys walks §3.1 to §3.8 and §3.13 of experience.md in Chromium, with scripts and without. What it reached has to be what
// docs/reference/journeys.md says of it, so that the table cannot promise a step that nobody walks.
func TestJourneys(t *testing.T) {
	portal := newLanding(t)
	cfg := apptest.NewConfig(t, "sqlite:"+t.TempDir()+"/yinxin.db", t.TempDir())
	sources := map[bool]*hostileSource{true: newHostile(t), false: newHostile(t)}
	cfg.Outbound.Allowed = []string{strings.TrimPrefix(portal.URL, "http://"), sources[true].host(), sources[false].host()} // the portal is told of logouts
	p := apptest.StartWith(t, cfg)
	tab, last, shown := browser.New(t), new(int), new(int)
	tab.Size(t, 1280, 1000)
	if _, err := chromedp.Call(tab.Context, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": "zh-CN"}}); err != nil {
		t.Fatal(err)
	}
	walked := map[string]map[string]bool{}
	whole := true
	for _, one := range journeys {
		for _, mode := range []string{"on", "off"} {
			reached, scripts := map[string]bool{}, mode == "on"
			ran := false
			t.Run(one.section+" scripts "+mode, func(t *testing.T) {
				ran = true
				j := &journey{t: t, p: p, tab: tab, portal: portal, sources: sources, scripts: scripts, walked: reached, last: last, shown: shown}
				j.setScripts()
				p.Advance(2 * time.Minute) // past what one person or one address may ask for at once
				j.leave()
				one.walk(j)
				if problems := tab.Problems(); len(problems) > 0 {
					t.Errorf("the browser complains: %v", problems)
				}
			})
			if whole = whole && ran && !t.Failed(); ran {
				for step := range reached {
					if walked[step] == nil {
						walked[step] = map[string]bool{}
					}
					walked[step][mode] = true
				}
			}
		}
	}
	if !whole {
		return // a walk that was cut short or left out tells nothing of the table
	}
	table := journeyTable(t)
	for _, step := range slices.Sorted(maps.Keys(table)) {
		for mode, cell := range table[step] {
			if named := strings.Contains(cell, "`TestJourneys`"); named != walked[step][mode] {
				t.Errorf("docs/reference/journeys.md says of step %s with scripts %s: %q; walked: %v", step, mode, cell, walked[step][mode])
			}
		}
	}
	for step := range walked {
		if table[step] == nil {
			t.Errorf("step %s is walked and docs/reference/journeys.md has no row of it", step)
		}
	}
}

var journeyRow = regexp.MustCompile(`(?m)^\| (3\.\d+\.\d+) \| [^|]* \| ([^|]*) \| ([^|]*) \|$`)

// journeyTable are the cells of the table by step and mode.
func journeyTable(t *testing.T) map[string]map[string]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(testkit.Root(), "docs", "reference", "journeys.md"))
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]map[string]string{}
	for _, row := range journeyRow.FindAllStringSubmatch(string(content), -1) {
		table[row[1]] = map[string]string{"on": row[2], "off": row[3]}
	}
	if len(table) < 30 {
		t.Fatalf("only %d steps were found", len(table))
	}
	return table
}

// landing is a portal's own page, which shows what it was called with.
type landing struct{ *httptest.Server }

func newLanding(t *testing.T) *landing {
	t.Helper()
	l := &landing{httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		q := r.URL.Query()
		fmt.Fprintf(w, `<!doctype html><html lang="zh-CN"><title>portal</title><link rel="icon" href="data:,"><p id="portal-code">%q</p><p id="portal-error">%q</p><p id="portal-reason">%q</p>`, q.Get("code"), q.Get("error"), q.Get("error_description"))
	}))}
	t.Cleanup(l.Close)
	return l
}

// party registers an application whose pages the landing shows.
func (j *journey) party(c idp.Client) idp.Client {
	j.t.Helper()
	c.ClientID += "-" + map[bool]string{true: "on", false: "off"}[j.scripts]
	c.ApplicationType, c.RedirectURIs = "native", []string{"http://127.0.0.1/cb"}
	c = j.p.Client(c)
	c.RedirectURIs = []string{strings.Replace(j.portal.URL, "localhost", "127.0.0.1", 1) + "/cb"}
	return c
}

func (j *journey) authorize(c idp.Client, changes url.Values, next string) {
	j.t.Helper()
	j.open("/authorize?"+apptest.AuthorizeQuery(c, changes).Encode(), next)
}

// code is what the portal got, as it shows it.
func (j *journey) code() string {
	j.t.Helper()
	return strings.Trim(j.textOf("portal-code"), `"`)
}

func (j *journey) setScripts() {
	j.t.Helper()
	if _, err := chromedp.Call(j.tab.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !j.scripts}); err != nil {
		j.t.Fatal(err)
	}
}

// leave forgets whoever used the browser.
func (j *journey) leave() {
	j.t.Helper()
	if _, err := chromedp.Call(j.tab.Context, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		j.t.Fatal(err)
	}
}

// at says which step of the section comes now.
func (j *journey) at(step string) {
	j.step = step
	j.walked[step] = true
}

func (j *journey) fatalf(format string, values ...any) {
	j.t.Helper()
	text, _ := evaluateIn[string](j, `location.href + "\n" + document.body.innerText`)
	j.t.Fatalf("step %s: %s\n%.1500s", j.step, fmt.Sprintf(format, values...), text)
}

func evaluateIn[T any](j *journey, script string) (T, error) {
	ctx, cancel := context.WithTimeout(j.tab.Context, 10*time.Second)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](script))
}

// ask evaluates in the page; scripts of the page itself may be off.
func ask[T any](j *journey, script string) T {
	j.t.Helper()
	value, err := evaluateIn[T](j, script)
	if err != nil {
		j.fatalf("%s: %v", script, err)
	}
	return value
}

// until waits for the page that follows: another document than the present one, loaded, with the element.
func (j *journey) until(next string) {
	j.t.Helper()
	for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(15 * time.Millisecond) {
		there, err := evaluateIn[bool](j, `!document.documentElement.hasAttribute("data-left") && document.readyState == "complete" && !!document.querySelector(`+strconv.Quote(next)+`)`)
		if err == nil && there {
			j.picture()
			return
		}
	}
	j.fatalf("no %s", next)
}

// pictures is for people who look at the pages: go test ./internal/app -run 'TestJourneys/3.13' -pictures FOLDER.
var pictures = flag.String("pictures", "", "folder for a picture of each page of the journeys, narrow and wide")

func (j *journey) picture() {
	j.t.Helper()
	if *pictures == "" {
		return
	}
	*j.shown++
	for _, width := range []int64{360, 1280} {
		j.tab.Size(j.t, width, 1000)
		picture, err := chromedp.Run(j.tab.Context, chromedp.FullScreenshot(80))
		if err != nil {
			j.t.Fatal(err)
		}
		name := fmt.Sprintf("%03d_%s_%t_%d.jpg", *j.shown, j.step, j.scripts, width)
		if err := os.WriteFile(filepath.Join(*pictures, name), picture, 0o600); err != nil {
			j.t.Fatal(err)
		}
	}
}

const markLeft = `document.documentElement.setAttribute("data-left", ""), true`

// open goes to a page of ours that has the element.
func (j *journey) open(path, next string) {
	j.t.Helper()
	if !strings.Contains(path, "://") {
		path = j.p.URL + path
	}
	j.tab.Open(j.t, path)
	j.until(next)
}

// press clicks what the selector finds and waits for the page that follows.
func (j *journey) press(selector, next string) {
	j.t.Helper()
	ask[bool](j, markLeft)
	ctx, cancel := context.WithTimeout(j.tab.Context, 10*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		j.fatalf("press %s: %v", selector, err)
	}
	j.until(next)
}

// choose clicks what leaves the page as it is: a tick, a summary.
func (j *journey) choose(selector string) {
	j.t.Helper()
	ctx, cancel := context.WithTimeout(j.tab.Context, 10*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		j.fatalf("choose %s: %v", selector, err)
	}
}

// fill types into inputs: pairs of id and text.
func (j *journey) fill(pairs ...string) {
	j.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		if n := ask[int](j, `document.querySelectorAll("#`+pairs[i]+`").length`); n != 1 {
			j.fatalf("%d inputs %s", n, pairs[i])
		}
		j.tab.Fill(j.t, map[string]string{pairs[i]: pairs[i+1]})
	}
}

// has wants that many elements.
func (j *journey) has(selector string, n int) {
	j.t.Helper()
	if got := ask[int](j, `document.querySelectorAll(`+strconv.Quote(selector)+`).length`); got != n {
		j.fatalf("%d of %s, want %d", got, selector, n)
	}
}

func (j *journey) textOf(id string) string {
	j.t.Helper()
	return ask[string](j, `(document.getElementById("`+id+`") || {textContent: ""}).textContent`)
}

// says wants all the words on the page, also those of a part that is folded.
func (j *journey) says(words ...string) {
	j.t.Helper()
	text := ask[string](j, `document.body.textContent`)
	for _, one := range words {
		if !strings.Contains(text, one) {
			j.fatalf("the page does not say %q", one)
		}
	}
}

// never wants none of the words in the page, attributes included.
func (j *journey) never(words ...string) {
	j.t.Helper()
	text := ask[string](j, `document.documentElement.outerHTML`)
	for _, one := range words {
		if strings.Contains(text, one) {
			j.fatalf("the page holds %q", one)
		}
	}
}

// alike wants two controls of one size: none of two answers is pushed.
func (j *journey) alike(one, other string) {
	j.t.Helper()
	sizes := ask[[]float64](j, `["`+one+`", "`+other+`"].flatMap(id => { const r = document.getElementById(id).getBoundingClientRect(); return [r.height, r.width] })`)
	if len(sizes) != 4 || sizes[0] != sizes[2] || min(sizes[1], sizes[3]) < 44 {
		j.fatalf("%s and %s are %v", one, other, sizes)
	}
}

// phone is a number that nobody has yet.
func (j *journey) phone() string {
	*j.last++
	return fmt.Sprintf("1390013%04d", *j.last)
}

// person is a new persona with a number of its own; a name that stands in the table of the sandbox is not that person's number.
func (j *journey) person(name string, ial int) string {
	j.t.Helper()
	number := j.phone()
	j.p.Persona(number, name, ial)
	return number
}

// signIn signs a persona in on the page of login.
func (j *journey) signIn(identifier string) {
	j.t.Helper()
	j.leave()
	j.open("/login", "#login-identifier")
	j.fill("login-identifier", identifier, "login-password", apptest.Password)
	j.press("#login-submit", "#identity")
}

// TestX01EveryJourneyHasACounterPath: somebody without a phone gets account, level and a one-time pass at the desk, and reaches with it
// every page of the journeys in a browser without scripts; each of them names the counter. What the desk does by itself is in its list.
func TestX01EveryJourneyHasACounterPath(t *testing.T) {
	p := apptest.Start(t, "sqlite:"+t.TempDir()+"/yinxin.db")
	d := newDesk(t, p)
	d.put(stranger)
	offered := d.call("A0").Source // to somebody who has no account
	d.post("/counter/end", nil)
	digits := strings.ReplaceAll(d.served("A1", stranger, counter.ActRegister, counter.ActRaise, counter.ActPass).TextOf("counter-pass"), " ", "")
	d.post("/counter/end", nil)
	d.put(stranger)
	offered += d.call("A2").Source
	b := walk.New(nil)
	submit(t, b, p.URL+"/login/pass", map[string]string{"pass-number": stranger.Number, "pass-code": digits})
	if press(t, b, map[string]string{"password-new": "Own-horse-77"}); !b.Page.Has("identity") {
		t.Fatalf("%s %s", b.Page.URL, b.Page.Text)
	}
	for journey, one := range map[string]struct {
		pages, desk []string
	}{
		"3.1 registration and real name": {[]string{"/register", "/proofing", "/me/documents"}, []string{counter.ActRegister, counter.ActRaise}},
		"3.2 login":                      {[]string{"/login", "/login/pass", "/login/qr"}, []string{counter.ActPass}},
		"3.4 own pages":                  {[]string{"/me", "/me/security", "/me/records"}, []string{counter.ActPass, counter.ActLicense}},
		"3.5 recovery":                   {[]string{"/recover", "/not-me"}, []string{counter.ActReset, counter.ActPass}},
		"3.6 delegation":                 {[]string{"/me/mandates", "/me/mandates/new", "/acting", "/me/organisations/new"}, []string{counter.ActHelper, counter.ActMandate}},
		"3.7 family":                     {[]string{"/me/children/new", "/me/relatives"}, []string{counter.ActFamily, counter.ActGuardian, counter.ActHelper, counter.ActCard, counter.ActNoCard}},
		"3.8 data":                       {[]string{"/me/data", "/me/data/deletion"}, []string{counter.ActPass}},
	} {
		for _, path := range one.pages {
			if open(t, b, p.URL+path); b.Page.Status != http.StatusOK || b.Page.URL.Path != path || !strings.Contains(b.Page.Text, "窗口") {
				t.Errorf("%s: %s is answered with %d on %s and names no counter: %s", journey, path, b.Page.Status, b.Page.URL.Path, b.Page.Text)
			}
		}
		for _, act := range one.desk {
			if !strings.Contains(offered, `value="`+act+`"`) {
				t.Errorf("%s: the desk does no %s", journey, act)
			}
		}
	}
}
