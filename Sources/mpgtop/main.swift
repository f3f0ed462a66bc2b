print("mpgtop")
