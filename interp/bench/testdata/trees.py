class Node:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right

    def count(self):
        if self.left is None:
            return 1
        return 1 + self.left.count() + self.right.count()


def build(depth):
    if depth == 0:
        return Node(None, None)
    return Node(build(depth - 1), build(depth - 1))


def main():
    long = build(14)
    total = 0
    for depth in range(4, 15, 2):
        for _ in range((1 << (14 - depth + 4)) // 4):
            total += build(depth).count()
    print(total, long.count())


main()
