(* Numbers of replay.ml for the extraction of Oracle.v: Zarith's. *)
type z = Zar.t

let zero = Zar.zero
let equal (a : z) (b : z) = Zar.equal a b
let compare = Zar.compare
let sign = Zar.sign
let show = Zar.to_string
let to_int = Zar.to_int
let of_int64 = Zar.of_int64
let of_int64_unsigned w = if Int64.compare w 0L >= 0 then Zar.of_int64 w else Zar.add (Zar.of_int64 w) Zar.m64
let of_int = Zar.of_int
let of_word = of_int64_unsigned
let to_word v = if Zar.fits_int64 v then Zar.to_int64 v else Zar.to_int64 (Zar.sub v Zar.m64)
let top t = Zar.sub (Semantics.modulus t) Zar.one

let self_check () =
  List.iter
    (fun (t, m) -> if not (Zar.equal (Semantics.modulus t) m) then failwith "a modulus is wrong")
    Semantics.moduli
