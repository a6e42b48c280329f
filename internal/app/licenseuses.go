package app

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/idp"
)

// jointLedger is the ledger of a person over two rooms: what left about the person lies with identity, who used the licences with
// licences. It joins them when they are read; nothing is copied.
type jointLedger struct {
	idp.LedgerStore
	app *App
}

// disputeLedger lets people ask about the lines of either room.
type disputeLedger struct {
	idp.DisputeStore
	joint jointLedger
}

// StoredRelease implements idp.DisputeStore.
func (d disputeLedger) StoredRelease(ctx context.Context, accountID, id string) (idp.Release, error) {
	return d.joint.StoredRelease(ctx, accountID, id)
}

func holderRef(accountID string) string { return "account:" + accountID }

// Releases implements idp.LedgerStore: both lists have one order, so a page of the whole is among a page of each.
func (j jointLedger) Releases(ctx context.Context, q idp.ReleaseQuery) ([]idp.Release, error) {
	all, err := j.LedgerStore.Releases(ctx, q)
	if err != nil {
		return nil, err
	}
	till := q.Till
	if till.IsZero() {
		till = j.app.opts.Now().AddDate(0, 0, 1)
	}
	uses, err := j.app.sealing.licenses.UsesOf(ctx, elicense.UseQuery{HolderRef: holderRef(q.AccountID), Receiver: q.ClientID, Since: q.Since, Till: till, Behind: q.Behind.First, BehindID: q.Behind.ID, Limit: q.Limit})
	if err != nil {
		return nil, err
	}
	for _, u := range uses {
		all = append(all, j.release(q.AccountID, u))
	}
	slices.SortFunc(all, func(a, b idp.Release) int { return cmp.Or(b.First.Compare(a.First), strings.Compare(a.ID, b.ID)) })
	return all[:min(len(all), q.Limit)], nil
}

// StoredRelease reads one line of either; the identifier tells which.
func (j jointLedger) StoredRelease(ctx context.Context, accountID, id string) (idp.Release, error) {
	if !strings.HasPrefix(id, "luse_") {
		return j.LedgerStore.StoredRelease(ctx, accountID, id)
	}
	u, err := j.app.sealing.licenses.UseOf(ctx, holderRef(accountID), id)
	if errors.Is(err, elicense.ErrNotFound) {
		return idp.Release{}, idp.ErrNotFound
	}
	if err != nil {
		return idp.Release{}, err
	}
	return j.release(accountID, u), nil
}

// Receivers lists those of both.
func (j jointLedger) Receivers(ctx context.Context, accountID string, limit int) ([]idp.Receiver, error) {
	all, err := j.LedgerStore.Receivers(ctx, accountID, limit)
	if err != nil {
		return nil, err
	}
	more, err := j.app.sealing.licenses.UseReceivers(ctx, holderRef(accountID), limit)
	if err != nil {
		return nil, err
	}
	for _, id := range more {
		if slices.ContainsFunc(all, func(r idp.Receiver) bool { return r.ClientID == id }) {
			continue
		}
		all = append(all, idp.Receiver{ClientID: id, Name: j.client(id).ClientName})
	}
	return all[:min(len(all), limit)], nil
}

// release is a use as a line of the ledger.
func (j jointLedger) release(accountID string, u elicense.Use) idp.Release {
	client := j.client(u.Receiver)
	return idp.Release{ID: u.ID, AccountID: accountID, ClientID: u.Receiver, Name: client.ClientName, Department: client.Department, Channel: idp.ChannelLicense, Claims: u.Fields, Count: u.Count, First: u.First, Last: u.Last,
		License: idp.LicenseUse{ID: u.LicenseID, TypeCode: u.TypeCode, Kind: string(u.Kind)}}
}

// client is an application by its present name; one that is gone has its identifier, and whoever checks without one no name here.
func (j jointLedger) client(id string) idp.Client {
	if slices.Contains([]string{elicense.ReceiverAnybody, elicense.ReceiverPerson, elicense.ReceiverSelf}, id) {
		return idp.Client{}
	}
	if known, ok := j.app.Clients.Find(id); ok {
		return known.Client
	}
	return idp.Client{ClientName: id}
}
