package idp

import (
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Demand is what an operation of our own asks of the person behind an access token: how surely we know who it is, how
// strong the login was and how long ago (RFC 9470). It is data: what an administrator applies stands above Demands.
type Demand struct {
	Operation string `json:"operation" yaml:"operation"` // an operationId of the API document, or OperationIdentity
	IAL       int    `json:"ial" yaml:"ial"`
	AAL       int    `json:"aal" yaml:"aal"`
	MaxAge    int    `json:"max_age" yaml:"max_age"` // seconds since the login; 0: any
}

// DemandKind of applied demands in the registry.
const DemandKind = "step_up"

// OperationIdentity is userinfo for a token of the scope identity, which gives the number of the identity document.
const OperationIdentity = "userinfo-identity"

// Demands without any that was applied. Nobody holds a licence without a proven name, and showing one stands for the
// person; a token that was refreshed for weeks must not go on reading an identity number.
var Demands = []Demand{
	{Operation: "list-my-licenses", IAL: 1},
	{Operation: "present-license", IAL: 2, MaxAge: 12 * 3600},
	{Operation: OperationIdentity, MaxAge: 24 * 3600},
}

// DefaultDemand is the one of Demands; of an operation that is not there nothing is demanded.
func DefaultDemand(operation string) Demand {
	i := slices.IndexFunc(Demands, func(d Demand) bool { return d.Operation == operation })
	if i < 0 {
		return Demand{Operation: operation}
	}
	return Demands[i]
}

// Key implements registry.Partner.
func (d *Demand) Key() string { return d.Operation }

// Enabled implements registry.Partner.
func (d *Demand) Enabled() bool { return true }

// GivenSecret implements registry.Partner.
func (d *Demand) GivenSecret() string { return "" }

// maxDemandAge is a month: a refresh token does not live longer.
const maxDemandAge = 30 * 24 * 3600

// Normalize implements registry.Partner.
func (d *Demand) Normalize() error {
	switch {
	case d.IAL < 0 || d.IAL > 4:
		return fault.New(fault.ClientMetadata, "field", d.Operation+".ial", "why", "0 to 4")
	case d.AAL < 0 || d.AAL > 3:
		return fault.New(fault.ClientMetadata, "field", d.Operation+".aal", "why", "0 to 3")
	case d.MaxAge < 0 || d.MaxAge > maxDemandAge || d.MaxAge > 0 && d.MaxAge < 60:
		return fault.New(fault.ClientMetadata, "field", d.Operation+".max_age", "why", "0, or 60 to 2592000 seconds")
	}
	return nil
}

// ACRValues are the demanded levels as they stand in acr_values.
func (d Demand) ACRValues() string {
	var values []string
	if d.IAL > 0 {
		values = append(values, subject.IAL(d.IAL).URN())
	}
	if d.AAL > 0 {
		values = append(values, subject.AAL(d.AAL).URN())
	}
	return strings.Join(values, " ")
}

// Met reports whether levels and the time of a login satisfy the demand at a moment.
func (d Demand) Met(ial subject.IAL, aal subject.AAL, login, now time.Time) bool {
	return int(ial) >= d.IAL && int(aal) >= d.AAL && (d.MaxAge == 0 || now.Sub(login) <= time.Duration(d.MaxAge)*time.Second)
}
