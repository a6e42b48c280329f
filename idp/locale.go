package idp

import (
	"context"

	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// localeOf is the language of the page that a person is on; empty when nobody is on one.
func localeOf(ctx context.Context) string {
	if r := reqctx.From(ctx); r.ID != "" {
		return r.Locale
	}
	return ""
}

// LocaleStore keeps the language of messages; idpdb implements it.
type LocaleStore interface {
	SetLocale(ctx context.Context, accountID, locale string) error
}

// Remember makes the language of the page the one of the account's messages; without a store nothing is remembered.
func Remember(ctx context.Context, store LocaleStore, a Account) error {
	if locale := localeOf(ctx); store != nil && locale != "" && locale != a.Locale {
		return store.SetLocale(ctx, a.ID, locale)
	}
	return nil
}
