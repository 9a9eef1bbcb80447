package main

import "fmt"

type Account struct{ balance, moves int }

func (a *Account) Deposit(n int) {
	a.balance += n
	a.moves++
}

func (a *Account) Balance() int { return a.balance }

type Payer interface {
	Deposit(n int)
	Balance() int
}

func main() {
	var p Payer = &Account{}
	sum := 0
	for i := 0; i < 2_000_000; i++ {
		p.Deposit(i & 7)
		sum ^= p.Balance()
	}
	fmt.Println(sum, p.Balance())
}
