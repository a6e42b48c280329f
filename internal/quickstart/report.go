// Package quickstart does the platform's main job by itself on embedded defaults: it makes a data folder, starts the
// real servers and two sample portals, and then walks through them as a citizen, an issuer and a verifier would, over
// HTTP and through the same pages and operations that people and departments use.
//
// Nothing in it is known to the servers: it holds no short cut into their state.
package quickstart

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Report is what --json prints (design contract 3.1).
type Report struct {
	Issuer     string    `json:"issuer"`
	Management string    `json:"management"`
	Personas   []Persona `json:"personas"`
	Clients    []Client  `json:"clients"`
	Steps      []Step    `json:"steps"`
	License    License   `json:"license"`
	Tampered   Tampered  `json:"tampered"`
	Revoked    Revoked   `json:"revoked"`
	Data       string    `json:"data"`
	Config     string    `json:"config"`
	CAFile     string    `json:"ca_file,omitempty"`
	Trust      string    `json:"trust"`
	Inbox      string    `json:"inbox"`
}

// Persona is a simulated person who can sign in.
type Persona struct {
	Identifier string `json:"identifier"`
	Password   string `json:"password"`
	Name       string `json:"name"`
	IAL        int    `json:"ial"`
	// Roles of staff: the same identifier and password sign in at /staff/login too.
	Roles []string `json:"roles,omitempty"`
}

// Client is a registered portal or service.
type Client struct {
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
	RedirectURIs []string `json:"redirect_uris"`
	PortalURL    string   `json:"portal_url"`
}

// Step is one part of the job.
type Step struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	MS     int64  `json:"ms"`
	Detail string `json:"detail"`
}

// License is the licence that was issued.
type License struct {
	File      string `json:"file"`
	LicenseID string `json:"license_id"`
	Verdict   string `json:"verdict"`
	Code      string `json:"code"`
}

// Tampered is the same licence with one octet changed.
type Tampered struct {
	File    string `json:"file"`
	Verdict string `json:"verdict"`
	Code    string `json:"code"`
}

// Revoked is the licence after its revocation.
type Revoked struct {
	Verdict string `json:"verdict"`
	Code    string `json:"code"`
}

// OK reports whether every step held.
func (r Report) OK() bool {
	for _, step := range r.Steps {
		if !step.OK {
			return false
		}
	}
	return len(r.Steps) > 0
}

// Print writes the report as JSON or for people.
func (r Report) Print(w io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(r)
	}
	fmt.Fprintf(w, "\n印信 Yinxin is running (demonstration)\n")
	fmt.Fprintf(w, "  统一身份认证  %s\n", r.Issuer)
	for _, c := range r.Clients {
		if c.PortalURL != "" {
			fmt.Fprintf(w, "  演示门户      %s   (%s)\n", c.PortalURL, c.ClientID)
		}
	}
	fmt.Fprintf(w, "  公众核验      %s/verify\n", r.Issuer)
	fmt.Fprintf(w, "  工作人员登录  %s/staff/login\n", r.Issuer)
	fmt.Fprintf(w, "  验证码收件箱  %s\n", r.Inbox)
	fmt.Fprintf(w, "  健康检查      %s/readyz\n", r.Management)
	for _, p := range r.Personas {
		fmt.Fprintf(w, "  人员          %s  密码 %s  %s  ial %d%s\n", p.Identifier, p.Password, p.Name, p.IAL, rolesOf(p))
	}
	fmt.Fprintf(w, "  证照文件      %s  %s %s\n", r.License.File, r.License.Verdict, r.License.Code)
	fmt.Fprintf(w, "  数据目录      %s\n", r.Data)
	fmt.Fprintf(w, "  再次核验      yinxin verify --trust %s %s\n", r.Trust, r.License.File)
	return nil
}

// runner runs the steps in turn and tells of each on stderr. After a failed step the others do not run, since each
// stands on those before.
type runner struct {
	report *Report
	now    func() time.Time
	talk   io.Writer
	failed bool
}

func (r *runner) step(ctx context.Context, name string, run func(ctx context.Context) (string, error)) {
	if r.failed {
		return
	}
	started := r.now()
	detail, err := run(ctx)
	took := r.now().Sub(started).Milliseconds()
	step := Step{Name: name, OK: err == nil, MS: took, Detail: detail}
	mark := "ok  "
	if err != nil {
		step.Detail, r.failed, mark = err.Error(), true, "FAIL"
	}
	r.report.Steps = append(r.report.Steps, step)
	fmt.Fprintf(r.talk, "yinxin quickstart: %s %-28s %5d ms  %s\n", mark, name, took, step.Detail)
}

// rolesOf is what a persona is at work.
func rolesOf(p Persona) string {
	if len(p.Roles) == 0 {
		return ""
	}
	return "  " + strings.Join(p.Roles, " ")
}
