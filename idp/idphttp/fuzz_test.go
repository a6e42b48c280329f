package idphttp

import (
	"net/url"
	"testing"

	"github.com/yinxin-gov/yinxin/idp/authflow"
)

// FuzzCASRequest: whatever stands in a request of CAS, a switch is read in one way, and a ticket that is added to a
// registered address neither changes where it leads nor hides in what was there.
func FuzzCASRequest(f *testing.F) {
	f.Add("service=https%3A%2F%2Fold.gov.cn%2Fcas%3Fa%3D1&renew=true&gateway=FALSE", "ST-1")
	f.Add("renew&renew=false", "a&b=c#d")
	f.Add("method=post&warn=", "\r\nSet-Cookie: x")
	f.Fuzz(func(t *testing.T, query, ticket string) {
		q, err := url.ParseQuery(query)
		if err != nil || !authflow.Single(q) {
			return
		}
		if isSet(q, "renew") && !q.Has("renew") {
			t.Fatalf("renew is on without standing in %q", query)
		}
		for _, address := range []string{"https://old.gov.cn/cas", "https://old.gov.cn/cas?next=%2Fa", "https://old.gov.cn/cas?"} {
			to, err := url.Parse(withQuery(address, "ticket", ticket))
			if err != nil || to.Scheme != "https" || to.Host != "old.gov.cn" || to.Path != "/cas" || to.Fragment != "" || to.Query().Get("ticket") != ticket || len(to.Query()["ticket"]) != 1 {
				t.Fatalf("%q leads to %v, %v", ticket, to, err)
			}
		}
	})
}
