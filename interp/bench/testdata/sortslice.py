from functools import cmp_to_key


def main():
    xs = []
    seed = 1
    for _ in range(300_000):
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        xs.append(seed >> 8)
    xs.sort(key=cmp_to_key(lambda a, b: -1 if a < b else 1 if b < a else 0))
    print(xs[0], xs[len(xs) // 2], xs[-1])


main()
