class Account:
    def __init__(self):
        self.balance = 0
        self.moves = 0

    def deposit(self, n):
        self.balance += n
        self.moves += 1

    def get_balance(self):
        return self.balance


def main():
    p = Account()
    total = 0
    for i in range(2_000_000):
        p.deposit(i & 7)
        total ^= p.get_balance()
    print(total, p.get_balance())


main()
