def main():
    total = 0
    for i in range(2_000):
        s = ""
        for j in range(500):
            s += chr(ord("a") + (i + j) % 26)
        total += len(s) + ord(s[-1])
    print(total)


main()
