def main():
    n = 10_000_000
    pi, sign = 0.0, 1.0
    for k in range(n):
        pi += sign / (2 * k + 1)
        sign = -sign
    print(f"{pi * 4:.9f}")


main()
