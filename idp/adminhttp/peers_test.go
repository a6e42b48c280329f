package adminhttp

import (
	"reflect"
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
	"github.com/yinxin-gov/yinxin/idp/federation"
)

// TestPeerDefinitionsLoseNoMember: a change replaces the registration, so that a member the definition did not know would vanish.
func TestPeerDefinitionsLoseNoMember(t *testing.T) {
	for _, row := range []struct{ registered, shown reflect.Type }{
		{reflect.TypeFor[federation.Source](), reflect.TypeFor[UpstreamDefinition]()},
		{reflect.TypeFor[federation.TicketProtocol](), reflect.TypeFor[UpstreamTicket]()},
		{reflect.TypeFor[cas.Service](), reflect.TypeFor[CASDefinition]()},
		{reflect.TypeFor[ticket.Bridge](), reflect.TypeFor[TicketDefinition]()},
		{reflect.TypeFor[ticket.Recipe](), reflect.TypeFor[TicketSignature]()},
	} {
		want := slices.DeleteFunc(members(row.registered), func(name string) bool { return name == "id" })
		if got := members(row.shown); !slices.Equal(got, want) {
			t.Errorf("%s has\n%v\n%s has\n%v", row.shown, got, row.registered, want)
		}
	}
}
