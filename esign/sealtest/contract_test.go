package sealtest_test

import (
	"testing"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
)

func TestTwinKeepsTheContract(t *testing.T) {
	sealtest.RunStore(t, func(testing.TB) esign.Store { return sealtest.NewTwin() })
}
