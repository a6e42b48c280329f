package idptest_test

import (
	"testing"

	"github.com/yinxin-gov/yinxin/idp/idptest"
)

func TestTwinKeepsTheContract(t *testing.T) {
	idptest.RunPeople(t, func(testing.TB) idptest.Store { return idptest.NewTwin() })
}

func TestFaultyKeepsTheContractWithoutFaults(t *testing.T) {
	idptest.RunPeople(t, func(testing.TB) idptest.Store { return &idptest.Faulty{Store: idptest.NewTwin()} })
}
