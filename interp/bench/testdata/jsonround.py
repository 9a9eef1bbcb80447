import json


def main():
    items = [
        {"id": i, "name": f"item {i}", "price": i / 4, "tags": ["a", "b", "c"]}
        for i in range(2_000)
    ]
    size = 0
    for _ in range(50):
        size += len(json.loads(json.dumps(items)))
    print(size)


main()
