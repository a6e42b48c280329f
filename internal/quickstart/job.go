package quickstart

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/walk"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

// job is the walk through the platform.
type job struct {
	setup    *setup
	report   *Report
	platform *app.App
	browser  *walk.Browser // the citizen's
	http     *http.Client  // of departments and verifiers
	desks    map[string]*desk
	subject  string // at the first portal
	license  string // row id of the licence that is shown and revoked
	original []byte
}

// desk is a service client of a department with its access token.
type desk struct{ id, secret, token string }

// The citizen of the walk: a persona of the simulated authority, and the holder of the sample licence.
const (
	citizenName   = "张三"
	citizenNumber = "11010519491231002X"
	citizenMobile = "13800138000"
)

// office is an issuing authority of the walk.
type office struct {
	typeCode, sealCode, line, prefix string
}

var offices = []office{
	{"11100000MB03271699001", "37030000001721", "不动产登记专用章", "demo-bdc-"},
	{"11100000MB0143028R001", "37030000001722", "行政审批专用章", "demo-yyzz-"},
}

// The seal of the operator, which seals copies of personal data.
const (
	operatorSealCode = "37030000001720"
	operatorCode     = "11370300MB0000000H"
)

func (j *job) steps(ctx context.Context, run *runner) {
	run.step(ctx, "register", j.register)
	run.step(ctx, "proofing", j.proofing)
	run.step(ctx, "login", j.login)
	run.step(ctx, "single sign-on", j.singleSignOn)
	run.step(ctx, "step-up", j.stepUp)
	run.step(ctx, "logout", j.logout)
	run.step(ctx, "seals", j.seals)
	run.step(ctx, "issue", j.issue)
	run.step(ctx, "deliver", j.deliver)
	run.step(ctx, "present", j.present)
	run.step(ctx, "verify", j.verify)
	run.step(ctx, "tamper and verify", j.tamper)
	run.step(ctx, "revoke and verify", j.revoke)
}

// expect refuses a page that lacks the element.
func (j *job) expect(id string) error {
	if page := j.browser.Page; !page.Has(id) {
		text := []rune(page.Text)
		return fmt.Errorf("the page %s (status %d) has no element %q; it says: %s", page.URL.Path, page.Status, id, string(text[:min(len(text), 400)]))
	}
	return nil
}

// register makes the citizen's account with a code from the simulated inbox and sets a password.
func (j *job) register(ctx context.Context) (string, error) {
	m := &j.setup.memories
	detail := "account of an earlier run"
	if !m.Registered {
		if err := j.browser.Open(ctx, j.report.Issuer+"/register"); err != nil {
			return "", err
		}
		if err := j.browser.Submit(ctx, map[string]string{"register-identifier": m.Identifier}); err != nil {
			return "", err
		}
		if err := j.enterCode(ctx, m.Identifier); err != nil {
			return "", err
		}
		if j.browser.Page.Has("password-new") {
			if err := j.browser.Submit(ctx, map[string]string{"password-new": m.Password}); err != nil {
				return "", err
			}
		}
		if err := j.expect("identity"); err != nil {
			return "", err
		}
		detail, m.Registered = "one-time code and password", true
		if err := j.setup.save(); err != nil {
			return "", err
		}
	} else if err := j.signIn(ctx); err != nil {
		return "", err
	}
	j.report.Personas = append([]Persona{{Identifier: m.Identifier, Password: m.Password, Name: citizenName, IAL: 2}}, j.report.Personas...)
	return detail, nil
}

// signIn logs the citizen in at the platform itself.
func (j *job) signIn(ctx context.Context) error {
	if err := j.browser.Open(ctx, j.report.Issuer+"/login"); err != nil {
		return err
	}
	if err := j.enterPassword(ctx); err != nil {
		return err
	}
	return j.expect("identity")
}

func (j *job) enterPassword(ctx context.Context) error {
	return j.browser.Submit(ctx, map[string]string{"login-identifier": j.setup.memories.Identifier, "login-password": j.setup.memories.Password})
}

// enterCode takes the newest code from the inbox.
func (j *job) enterCode(ctx context.Context, to string) error {
	if err := j.expect("otp-code"); err != nil {
		return err
	}
	for range 60 {
		var inbox struct {
			Messages []struct {
				Code string    `json:"code"`
				At   time.Time `json:"at"`
			} `json:"messages"`
		}
		if err := j.call(ctx, nil, http.MethodGet, "/sandbox/inbox?to="+url.QueryEscape(to), nil, &inbox); err != nil {
			return err
		}
		if len(inbox.Messages) > 0 {
			return j.browser.Submit(ctx, map[string]string{"otp-code": inbox.Messages[0].Code})
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("no code came within three seconds")
}

// proofing brings the account to level 1 with name and number.
func (j *job) proofing(ctx context.Context) (string, error) {
	if err := j.browser.Open(ctx, j.report.Issuer+"/me"); err != nil {
		return "", err
	}
	if _, open := j.browser.Page.Link("me-upgrade"); !open || !strings.Contains(j.browser.Page.TextOf("identity"), "未实名") {
		return "proven in an earlier run", nil
	}
	if err := j.browser.Open(ctx, j.report.Issuer+"/proofing?ial=1"); err != nil {
		return "", err
	}
	if err := j.browser.Submit(ctx, map[string]string{"proofing-name": citizenName, "proofing-number": citizenNumber}); err != nil {
		return "", err
	}
	if err := j.expect("proofing-outcome"); err != nil {
		return "", err
	}
	return j.browser.Page.TextOf("proofing-outcome"), nil
}

// login signs out at the platform and in at the first portal, with consent.
func (j *job) login(ctx context.Context) (string, error) {
	if err := j.leave(ctx); err != nil {
		return "", err
	}
	if err := j.browser.Open(ctx, j.setup.portalURL(j.setup.portals[0])+"/me"); err != nil {
		return "", err
	}
	if err := j.expect("login-password"); err != nil {
		return "", err
	}
	if err := j.enterPassword(ctx); err != nil {
		return "", err
	}
	if err := j.consent(ctx); err != nil {
		return "", err
	}
	if err := j.expect("portal-sub"); err != nil {
		return "", err
	}
	j.subject = j.browser.Page.TextOf("portal-sub")
	return fmt.Sprintf("%s, %s, %s", j.setup.portals[0].name, j.browser.Page.TextOf("portal-ial"), j.setup.portals[0].algorithm), nil
}

// leave ends the session at the platform.
func (j *job) leave(ctx context.Context) error {
	if err := j.browser.Open(ctx, j.report.Issuer+"/logout"); err != nil {
		return err
	}
	if !j.browser.Page.Has("logout-confirm") {
		return nil
	}
	return j.browser.Submit(ctx, map[string]string{"logout-confirm": "1"})
}

// consent agrees when the platform asks.
func (j *job) consent(ctx context.Context) error {
	if !j.browser.Page.Has("consent-allow") {
		return nil
	}
	return j.browser.Submit(ctx, map[string]string{"consent": "allow"})
}

// singleSignOn opens the second portal; a login page is a failure.
func (j *job) singleSignOn(ctx context.Context) (string, error) {
	if err := j.browser.Open(ctx, j.setup.portalURL(j.setup.portals[1])+"/me"); err != nil {
		return "", err
	}
	if err := j.consent(ctx); err != nil {
		return "", err
	}
	if err := j.expect("portal-sub"); err != nil {
		return "", err
	}
	if j.browser.Page.TextOf("portal-sub") == j.subject {
		return "", errors.New("both departments see the same subject")
	}
	return fmt.Sprintf("%s without a new login, %s, another subject", j.setup.portals[1].name, j.setup.portals[1].algorithm), nil
}

// stepUp opens a page of the second portal that asks for level 2.
func (j *job) stepUp(ctx context.Context) (string, error) {
	if err := j.browser.Open(ctx, j.setup.portalURL(j.setup.portals[1])+"/deep"); err != nil {
		return "", err
	}
	if j.browser.Page.Has("proofing-name") {
		if err := j.browser.Submit(ctx, map[string]string{"proofing-name": citizenName, "proofing-number": citizenNumber, "proofing-mobile": citizenMobile}); err != nil {
			return "", err
		}
	}
	if err := j.expect("portal-ial"); err != nil {
		return "", err
	}
	level := j.browser.Page.TextOf("portal-ial")
	if !strings.Contains(level, "ial 2") {
		return "", fmt.Errorf("the portal sees %s", level)
	}
	return level, nil
}

// logout leaves the first portal and waits until the second has heard of it.
func (j *job) logout(ctx context.Context) (string, error) {
	if err := j.browser.Open(ctx, j.setup.portalURL(j.setup.portals[0])+"/"); err != nil {
		return "", err
	}
	if err := j.expect("portal-logout"); err != nil {
		return "", err
	}
	if err := j.browser.Submit(ctx, nil); err != nil {
		return "", err
	}
	began := time.Now()
	for time.Since(began) < 5*time.Second {
		if err := j.browser.Open(ctx, j.setup.portalURL(j.setup.portals[1])+"/"); err != nil {
			return "", err
		}
		if j.browser.Page.Has("portal-login") {
			return fmt.Sprintf("out of both after %d ms", time.Since(began).Milliseconds()), nil
		}
		if err := pause(ctx, 25*time.Millisecond); err != nil {
			return "", err
		}
	}
	return "", errors.New("the second portal still knows the citizen after five seconds")
}

// seals brings the seals of two authorities and of the operator into use, each by three desks, and lets the two issue under theirs.
func (j *job) seals(ctx context.Context) (string, error) {
	var issuers []app.Issuer
	for _, o := range offices {
		t, ok := catalog.Find(o.typeCode)
		if !ok {
			return "", fmt.Errorf("licence type %s is not in the catalogue", o.typeCode)
		}
		name, code := t.Sample.First(catalog.KeyAuthority), t.Sample.First(catalog.KeyAuthorityCode)
		if err := j.seal(ctx, o, name, code); err != nil {
			return "", err
		}
		issuers = append(issuers, app.Issuer{Code: code, Name: name, Seal: o.sealCode, Types: []string{o.typeCode}})
	}
	if err := j.seal(ctx, office{sealCode: operatorSealCode}, "一网通办", operatorCode); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s and %s in use", offices[0].sealCode, offices[1].sealCode), j.platform.Apply(ctx, app.Manifest{Authorities: issuers})
}

type sealRecord struct {
	ID     string `json:"id"`
	SealID string `json:"seal_id"`
	State  string `json:"state"`
}

func (j *job) seal(ctx context.Context, o office, owner, ownerCode string) error {
	var list struct {
		Seals []sealRecord `json:"seals"`
	}
	if err := j.call(ctx, j.desks["desk-clerk"], http.MethodGet, "/api/v1/seals?limit=200", nil, &list); err != nil {
		return err
	}
	var seal sealRecord
	for _, known := range list.Seals {
		if known.SealID == o.sealCode {
			seal = known
		}
	}
	if seal.ID == "" {
		if err := j.call(ctx, j.desks["desk-clerk"], http.MethodPost, "/api/v1/seals", map[string]any{"seal_id": o.sealCode, "owner": owner, "owner_code": ownerCode, "line": o.line}, &seal); err != nil {
			return err
		}
	}
	for _, next := range []struct{ from, desk, path string }{
		{"applied", "desk-reviewer", "approval"}, {"approved", "desk-issuer", "making"}, {"made", "desk-clerk", "activation"},
	} {
		if seal.State != next.from {
			continue
		}
		if err := j.call(ctx, j.desks[next.desk], http.MethodPost, "/api/v1/seals/"+seal.ID+"/"+next.path, nil, &seal); err != nil {
			return err
		}
	}
	if seal.State != "active" {
		return fmt.Errorf("seal %s is %s", o.sealCode, seal.State)
	}
	return nil
}

type licenseRecord struct {
	ID        string `json:"id"`
	LicenseID string `json:"license_id"`
	State     string `json:"state"`
	Status    string `json:"status"`
}

// issue applies for, reviews and issues one licence of each type. The first is the citizen's own.
func (j *job) issue(ctx context.Context) (string, error) {
	run := time.Now().UTC().Format("20060102150405.000")
	for i, o := range offices {
		t, _ := catalog.Find(o.typeCode)
		l, err := j.issueOne(ctx, t, o.prefix+run)
		if err != nil {
			return "", fmt.Errorf("%s: %w", t.Name.In("zh-CN"), err)
		}
		content, err := j.raw(ctx, j.desks["desk-issuer"], http.MethodGet, "/api/v1/licenses/"+l.ID+"/file", nil, "")
		if err != nil {
			return "", err
		}
		path := filepath.Join(j.setup.options.Data, fmt.Sprintf("license-%d.ofd", i+1))
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return "", err
		}
		if i == 0 {
			j.license, j.original = l.ID, content
			j.report.License = License{File: path, LicenseID: l.LicenseID}
		}
	}
	return j.report.License.LicenseID, nil
}

func (j *job) issueOne(ctx context.Context, t *catalog.Type, business string) (licenseRecord, error) {
	fields := map[string]string{}
	for _, f := range t.Fields {
		if f.Own && t.Sample.First(f.Key) != "" {
			fields[f.Key] = t.Sample.First(f.Key)
		}
	}
	var holders []map[string]string
	names, kinds := t.Sample[catalog.KeyHolderName], t.Sample[catalog.KeyHolderType]
	for i, code := range t.Sample[catalog.KeyHolderCode] {
		holder := map[string]string{"name": names[i], "code_type": kinds[i], "code": code}
		if code == citizenNumber {
			holder["name"] = citizenName
		}
		holders = append(holders, holder)
	}
	application := map[string]any{
		"business_number": business, "license_type_code": t.Code, "issuing_authority_code": t.Sample.First(catalog.KeyAuthorityCode), "holders": holders,
		"effective_date": t.Sample.First(catalog.KeyEffectiveDate), "fields": fields,
	}
	if t.NumberKey == "" {
		application["license_number"] = t.Sample.First(catalog.KeyLicenseNumber)
	}
	var l licenseRecord
	if err := j.call(ctx, j.desks["desk-clerk"], http.MethodPost, "/api/v1/licenses", application, &l); err != nil {
		return l, err
	}
	if err := j.call(ctx, j.desks["desk-reviewer"], http.MethodPost, "/api/v1/licenses/"+l.ID+"/review", map[string]any{"decision": "approve"}, &l); err != nil {
		return l, err
	}
	err := j.call(ctx, j.desks["desk-issuer"], http.MethodPost, "/api/v1/licenses/"+l.ID+"/issuance", nil, &l)
	return l, err
}

// deliver signs the citizen in and waits for the licence on the citizen's own page.
func (j *job) deliver(ctx context.Context) (string, error) {
	if err := j.signIn(ctx); err != nil {
		return "", err
	}
	for range 100 {
		if err := j.browser.Open(ctx, j.report.Issuer+"/me"); err != nil {
			return "", err
		}
		if strings.Contains(j.browser.Page.Source, "/me/licenses/"+j.license+"/present") {
			return "in the holder's wallet", nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return "", err
		}
	}
	return "", errors.New("the licence did not come to the holder's page within five seconds")
}

// present shows the licence as QR code; a verifier checks the code at the platform, and without it.
func (j *job) present(ctx context.Context) (string, error) {
	if err := j.browser.Open(ctx, j.report.Issuer+"/me/licenses/"+j.license+"/present"); err != nil {
		return "", err
	}
	if err := j.expect("presentation-code"); err != nil {
		return "", err
	}
	code := j.browser.Page.TextOf("presentation-code")
	online, err := j.verifyByAPI(ctx, "application/json", mustJSON(map[string]string{"code": code}))
	if err != nil {
		return "", err
	}
	offline, err := j.verifyOffline(ctx, "code.txt", []byte(code))
	if err != nil {
		return "", err
	}
	// Without a challenge of the verifier nobody can rule out offline that the code is a forwarded picture.
	if online.Verdict != "valid" || offline.Verdict != "indeterminate" || offline.Code != "V01" {
		return "", fmt.Errorf("the code is %s %s at the platform and %s %s offline", online.Verdict, online.Code, offline.Verdict, offline.Code)
	}
	return fmt.Sprintf("%d characters; online %s %s, offline %s %s", len(code), online.Verdict, online.Code, offline.Verdict, offline.Code), nil
}

// verify judges the file at the platform and offline.
func (j *job) verify(ctx context.Context) (string, error) {
	result, err := j.judge(ctx, j.report.License.File, j.original)
	if err != nil {
		return "", err
	}
	j.report.License.Verdict, j.report.License.Code = string(result.Verdict), string(result.Code)
	return require(result, "valid")
}

// tamper changes one octet of the face's text and judges the copy.
func (j *job) tamper(ctx context.Context) (string, error) {
	changed, err := changeOneOctet(j.original)
	if err != nil {
		return "", err
	}
	path := filepath.Join(j.setup.options.Data, "license-1-tampered.ofd")
	if err := os.WriteFile(path, changed, 0o600); err != nil {
		return "", err
	}
	result, err := j.judge(ctx, path, changed)
	if err != nil {
		return "", err
	}
	j.report.Tampered = Tampered{File: path, Verdict: string(result.Verdict), Code: string(result.Code)}
	return require(result, "invalid")
}

// revoke revokes the licence and judges it again, with the lists that are published now.
func (j *job) revoke(ctx context.Context) (string, error) {
	order := map[string]any{"status": "revoked", "legal_basis": "演示：不动产登记暂行条例实施细则", "decision_number": "演示撤〔2026〕1号"}
	if err := j.call(ctx, j.desks["desk-issuer"], http.MethodPost, "/api/v1/licenses/"+j.license+"/revocation", order, nil); err != nil {
		return "", err
	}
	var result yinxin.Result
	for range 100 {
		var err error
		if result, err = j.verifyOffline(ctx, j.report.License.File, j.original); err != nil {
			return "", err
		}
		if result.Verdict == "invalid" {
			break
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil { // the outbox publishes the list
			return "", err
		}
	}
	result, err := j.judge(ctx, j.report.License.File, j.original)
	if err != nil {
		return "", err
	}
	j.report.Revoked = Revoked{Verdict: string(result.Verdict), Code: string(result.Code)}
	return require(result, "invalid")
}

func require(result yinxin.Result, verdict string) (string, error) {
	text := fmt.Sprintf("%s %s, online and offline", result.Verdict, result.Code)
	if string(result.Verdict) != verdict {
		return "", fmt.Errorf("%s instead of %s: %v", text, verdict, result.Reasons)
	}
	return text, nil
}

// judge asks the platform and the offline verifier; they must agree.
func (j *job) judge(ctx context.Context, path string, content []byte) (yinxin.Result, error) {
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	part, err := writer.CreateFormFile("file", filepath.Base(path))
	if err != nil {
		return yinxin.Result{}, err
	}
	if _, err := part.Write(content); err != nil {
		return yinxin.Result{}, err
	}
	if err := writer.Close(); err != nil {
		return yinxin.Result{}, err
	}
	online, err := j.verifyByAPI(ctx, writer.FormDataContentType(), form.Bytes())
	if err != nil {
		return online, err
	}
	offline, err := j.verifyOffline(ctx, path, content)
	if err != nil {
		return offline, err
	}
	if online.Verdict != offline.Verdict || online.Code != offline.Code {
		return online, fmt.Errorf("the platform says %s %s, the offline verifier %s %s", online.Verdict, online.Code, offline.Verdict, offline.Code)
	}
	return online, nil
}

func (j *job) verifyByAPI(ctx context.Context, contentType string, body []byte) (yinxin.Result, error) {
	answer, err := j.raw(ctx, nil, http.MethodPost, "/api/v1/verifications", body, contentType)
	if err != nil {
		return yinxin.Result{}, err
	}
	var report yinxin.Report
	if err := json.Unmarshal(answer, &report); err != nil || len(report.Results) != 1 {
		return yinxin.Result{}, fmt.Errorf("the report cannot be read: %w", err)
	}
	return report.Results[0], nil
}

// verifyOffline writes the trust folder anew, as an operator publishes it, and judges with it alone.
func (j *job) verifyOffline(ctx context.Context, name string, content []byte) (yinxin.Result, error) {
	if err := j.platform.ExportTrust(ctx, j.report.Trust); err != nil {
		return yinxin.Result{}, err
	}
	verifier := yinxin.NewVerifier()
	if err := verifier.AddTrust(j.report.Trust); err != nil {
		return yinxin.Result{}, err
	}
	return verifier.Verify(filepath.Base(name), content), nil
}

// authorize gets the desk an access token by client_credentials.
func (j *job) authorize(ctx context.Context, d *desk) error {
	form := url.Values{"grant_type": {"client_credentials"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, j.report.Issuer+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.SetBasicAuth(url.QueryEscape(d.id), url.QueryEscape(d.secret))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := j.send(request)
	if err != nil {
		return err
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(answer, &token); err != nil {
		return err
	}
	d.token = token.AccessToken
	return nil
}

func (j *job) raw(ctx context.Context, d *desk, method, path string, body []byte, contentType string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, j.report.Issuer+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if d != nil {
		if d.token == "" {
			if err := j.authorize(ctx, d); err != nil {
				return nil, fmt.Errorf("%s: %w", d.id, err)
			}
		}
		request.Header.Set("Authorization", "Bearer "+d.token)
	}
	return j.send(request)
}

// call is raw for JSON.
func (j *job) call(ctx context.Context, d *desk, method, path string, in, out any) error {
	var body []byte
	contentType := ""
	if in != nil {
		body, contentType = mustJSON(in), "application/json"
	}
	answer, err := j.raw(ctx, d, method, path, body, contentType)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

const maxAnswer = 64 << 20

func (j *job) send(request *http.Request) ([]byte, error) {
	response, err := j.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s answered %d: %s", request.Method, request.URL.Path, response.StatusCode, answer[:min(len(answer), 400)])
	}
	return answer, nil
}

func mustJSON(value any) []byte {
	content, err := json.Marshal(value)
	if err != nil {
		panic(err) // maps and strings always encode
	}
	return content
}
